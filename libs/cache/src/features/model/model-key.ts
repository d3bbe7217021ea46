import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { canonicalArguments } from '../../core/canonical-arguments.js';
import { InvalidKeyError } from '../../core/errors.js';
import { joinKey, type KeyPart } from '../manager/cache-keys.js';
import type { RefusalReason } from './admission.js';
import type { ResolvedModelOptions } from './model-options.js';

/** What an answer depends on. */
export interface ModelQuestion {
  /** The model, with its version: what `invalidateModel` names. */
  readonly modelId: string;
  /** A text, messages, anything that is data. */
  readonly input: unknown;
  /** System prompt, temperature, tools, response format, prompt version: whatever else changes the answer. @default none */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** Whose answer it is. Required: nobody is answered with what somebody else has asked. */
  readonly workspaceId: KeyPart;
}

/** Answers in one piece and answers in parts are not each other's. */
export type AnswerForm = 'whole' | 'parts';

/** Whose question it is, and of which model. */
export type ModelAccount = Pick<ModelQuestion, 'modelId' | 'workspaceId'>;

/** A question as the cache knows it. */
export interface ModelKey {
  readonly key: string;
  readonly account: ModelAccount;
  /** Stands inside the entry and is compared when it is read: a second digest, of which the key shows nothing. */
  readonly proof: string;
  /** Characters of the input. */
  readonly inputLength: number;
  readonly tags: readonly string[];
}

/**
 * Parameters that change how an answer is fetched, never the answer. Everything else counts: a parameter that nobody here has heard
 * of makes another entry, so a new one can cost a hit and never a wrong answer (G18).
 */
const NOT_PART_OF_THE_QUESTION: ReadonlySet<string> = new Set([
  ...['headers', 'signal', 'abortSignal', 'timeout', 'maxRetries', 'retries', 'idempotencyKey', 'requestId'],
  ...['telemetry', 'experimental_telemetry'],
]);

/** Characters of both ids together, escaped: they are in keys of at most 1,024, and in tags of at most 256. */
const LONGEST_IDS = 240;

/** Bytes above which a digest stands for them in the text that is hashed: images, sound. */
const LONGEST_BYTES = 256;
const DEEPEST = 100;

const KEY_BYTES = 18;
const WORKSPACE_KEYS = 10_000;

/** Tags of everything that a model answered, in one workspace or in all, and of everything in a workspace. */
export const modelTag = (modelId: KeyPart, workspaceId?: KeyPart): string =>
  joinKey('model', workspaceId === undefined ? { modelId } : { workspaceId, modelId });
export const modelWorkspaceTag = (workspaceId: KeyPart): string => joinKey('models', { workspaceId });

/** What all questions to a model in a workspace have in common. */
interface Scope extends Pick<ModelKey, 'account' | 'tags'> {
  /** Of their keys. */
  readonly prefix: string;
}

type KeyLimits = Pick<ResolvedModelOptions, 'enabled' | 'maxInputLength'>;

/** Makes keys of questions. With a secret the digests are keyed, for each workspace with a key of its own. */
export class ModelKeys {
  readonly #secret: string | undefined;
  #warned = false;
  readonly #byWorkspace = new LRUCache<string, Buffer>({ max: WORKSPACE_KEYS });
  readonly #scopes = new LRUCache<string, Scope>({ max: WORKSPACE_KEYS });

  constructor(secret: string | undefined) {
    this.#secret = secret;
  }

  /** The key of a question, or why the cache has nothing to do with it. @throws InvalidKeyError for ids that are none */
  find(question: ModelQuestion, form: AnswerForm, { enabled, maxInputLength }: KeyLimits): ModelKey | RefusalReason {
    this.#scopeOf(question); // an id that is missing is a mistake, whatever the rest is
    if (!enabled) return 'disabled';
    if (typeof question.input === 'string' && question.input.length > maxInputLength) return 'input-too-long';
    try {
      const key = this.keyOf(question, form);
      return key.inputLength > maxInputLength ? 'input-too-long' : key;
    } catch (error) {
      if (error instanceof InvalidKeyError) return 'unkeyable';
      throw error;
    }
  }

  /** @throws InvalidKeyError for ids that are none, and for inputs and parameters of which no key can be made */
  keyOf({ modelId, input, params, workspaceId }: ModelQuestion, form: AnswerForm = 'whole'): ModelKey {
    const { account, tags, prefix } = this.#scopeOf({ modelId, workspaceId });
    const asked = typeof input === 'string' ? input : canonicalArguments([question(input)]);
    const parts = [modelId, asked, typeof input === 'string', question(params ?? {}, true)];
    const text = canonicalArguments(form === 'whole' ? parts : [...parts, form]);
    const digest = this.#digest(String(workspaceId), text);
    const name = digest.toString('base64url', 0, KEY_BYTES);
    return {
      key: prefix + name,
      account,
      proof: digest.toString('base64url', KEY_BYTES),
      inputLength: asked.length,
      tags,
    };
  }

  /** Made once for a model in a workspace: a hit pays for nothing else as often. */
  #scopeOf({ modelId, workspaceId }: ModelAccount): Scope {
    const texts = typeof workspaceId === 'string' && typeof modelId === 'string';
    const name = texts ? `${workspaceId.length}:${workspaceId}${modelId}` : undefined;
    const known = name === undefined ? undefined : this.#scopes.get(name);
    if (known !== undefined) return known;
    const ofModel = joinKey('model', { workspaceId, modelId });
    if (ofModel.length > LONGEST_IDS) throw new InvalidKeyError(tooLong(ofModel.length));
    const tags = Object.freeze([modelTag(modelId), ofModel, modelWorkspaceTag(workspaceId)]);
    const scope = { account: Object.freeze({ modelId, workspaceId }), tags, prefix: `${ofModel}:` };
    if (name !== undefined) this.#scopes.set(name, scope);
    return scope;
  }

  #digest(workspaceId: string, text: string): Buffer {
    this.warnWithoutSecret();
    if (this.#secret === undefined)
      return createHash('sha256').update(`${workspaceId.length}:${workspaceId}${text}`).digest();
    let key = this.#byWorkspace.get(workspaceId);
    if (key === undefined) {
      key = Buffer.from(hkdfSync('sha256', this.#secret, '', `mobius model cache ${workspaceId}`, 32));
      this.#byWorkspace.set(workspaceId, key);
    }
    return createHmac('sha256', key).update(text).digest();
  }

  /** Warns once that there is no secret, if there is none. */
  warnWithoutSecret(): void {
    if (this.#warned || this.#secret !== undefined) return;
    this.#warned = true;
    process.emitWarning(
      'The model cache has no secret: whoever sees its keys can find short inputs by trying. Set MODEL_CACHE_SECRET, or model.secret.',
      { code: 'MOBIUS_MODEL_CACHE_SECRET' },
    );
  }
}

const tooLong = (length: number): string =>
  `Workspace and model take ${length} characters of a key, more than ${LONGEST_IDS}. Use shorter ids.`;

/**
 * What of a value is part of the question: without functions, which stay on this side, and with long bytes by their digest; at the top
 * level of parameters also without those that are about fetching.
 */
function question(value: unknown, parameters = false, depth = 0): unknown {
  if (depth > DEEPEST) throw new InvalidKeyError('An input contains itself, or is nested very deeply.');
  if (Number.isNaN(value)) throw new InvalidKeyError('A parameter is NaN.');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((part) => question(part, false, depth + 1));
  if (ArrayBuffer.isView(value)) return value.byteLength > LONGEST_BYTES ? digestOf(value) : value;
  return isPlain(value) ? partsOf(value, parameters, depth) : value;
}

function partsOf(object: object, parameters: boolean, depth: number): Record<string, unknown> {
  const counts = ([name, part]: [string, unknown]): boolean =>
    part !== undefined && typeof part !== 'function' && !(parameters && NOT_PART_OF_THE_QUESTION.has(name));
  const kept = Object.entries(object).filter(counts);
  return Object.fromEntries(kept.map(([name, part]) => [name, question(part, false, depth + 1)]));
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const digestOf = (view: ArrayBufferView): Map<string, string> => {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  // A Map, which no JSON of a caller can be: bytes are never mistaken for a text that looks like their digest.
  return new Map([
    [`${view.constructor.name}:${bytes.length}`, createHash('sha256').update(bytes).digest('base64url')],
  ]);
};
