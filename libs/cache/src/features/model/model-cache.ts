import { type Clock, OptionCheck, systemClock } from '@mobius1/kernel';
import { InvalidKeyError, InvalidValueError } from '../../core/errors.js';
import { fewAtATime } from '../../core/few-at-a-time.js';
import { escapeGlob } from '../../core/glob.js';
import { ttlMs } from '../../core/options.js';
import { newToken } from '../../core/token.js';
import { joinKey, type KeyPart } from '../manager/cache-keys.js';
import type { CacheManager } from '../manager/cache-manager.js';
import { checkMetadata, type ModelMetadata, refusalOf, type RefusalReason } from './admission.js';
import { beginInference, type Outcome } from './inference.js';
import { type ModelKey, ModelKeys, type ModelQuestion, modelTag, modelWorkspaceTag } from './model-key.js';
import {
  MODEL_DEFAULTS,
  type ModelCacheOptions,
  type ResolvedModelOptions,
  resolveModelOptions,
} from './model-options.js';
import { ModelLedger, type ModelStats } from './model-stats.js';
import { mayPass } from './provider-failure.js';
import { Vault } from './vault.js';
import {
  type ModelAnswer,
  type ModelGetOptions,
  type ModelHit,
  type ModelInference,
  type ModelRequest,
  type ModelSetOptions,
  type ModelStored,
  type ModelWarmUp,
  NotCachedError,
  type PlainAnswer,
  type StoredAnswer,
} from './model-types.js';

const WARM_UP_CONCURRENCY = 8;

/**
 * Answers of AI models: exact, private, run once (G18).
 *
 * The key is a digest of everything that can change the answer, keyed for each workspace; an answer that is not whole, or not sure
 * enough, is not stored, and why is counted. The cache never fails an inference: whatever is wrong with it, the inference runs.
 *
 * @example
 * const { output, hit } = await models.wrap({ modelId: 'llama-3-8b', input, workspaceId }, () => ask(input));
 */
export class ModelCache {
  readonly #manager: CacheManager;
  readonly #clock: Clock;
  readonly #ledger = new ModelLedger();
  #options: ResolvedModelOptions;
  #keys: ModelKeys;
  #vault: Vault;

  /** @throws InvalidOptionsError */
  constructor(manager: CacheManager, options: ModelCacheOptions = {}, clock: Clock = systemClock) {
    this.#manager = manager;
    this.#clock = clock;
    this.#options = resolveModelOptions('model', options, MODEL_DEFAULTS);
    this.#keys = new ModelKeys(this.#options.secret);
    this.#vault = new Vault(this.#options.encryption);
  }

  /** Changes what is said; the rest stays. @throws InvalidOptionsError */
  configure(options: ModelCacheOptions): void {
    this.#options = resolveModelOptions('configure()', options, this.#options);
    if (options.secret !== undefined) this.#keys = new ModelKeys(this.#options.secret);
    if (options.encryption !== undefined) this.#vault = new Vault(options.encryption);
  }

  /**
   * The stored answer; `null` when there is none.
   *
   * @throws InvalidKeyError when an id is missing, InvalidOptionsError
   */
  async get<T = unknown>(
    modelId: string,
    input: unknown,
    workspaceId: KeyPart,
    { params, maxAge }: ModelGetOptions = {},
  ): Promise<ModelAnswer<T> | null> {
    const question = { modelId, input, workspaceId, params };
    const found = this.#keyOf(question);
    if (typeof found === 'string') return this.#ledger.refused(found, null);
    const oldestMs = maxAge === undefined ? Infinity : ttlMs('get()', maxAge, 'maxAge');
    return (await this.#lookUp<T>(found, oldestMs))?.answer ?? null;
  }

  /**
   * Stores an answer, or says why not. In a flow of get, inference and set an invalidation during the inference is not noticed:
   * `wrap` and `begin` do notice.
   *
   * @throws InvalidKeyError when an id is missing; InvalidOptionsError for a confidence that is none
   */
  async set(
    modelId: string,
    input: unknown,
    output: unknown,
    workspaceId: KeyPart,
    metadata: ModelMetadata = {},
    { params, ttl }: ModelSetOptions = {},
  ): Promise<ModelStored> {
    checkMetadata('set()', metadata);
    const found = this.#keyOf({ modelId, input, workspaceId, params });
    const reason =
      typeof found === 'string' ? found : refusalOf({ output, metadata, params: params ?? {}, options: this.#options });
    if (reason !== undefined || typeof found === 'string') return this.#notStored(reason ?? 'unkeyable');
    const lifeMs = ttl === undefined ? this.#options.ttlMs : ttlMs('set()', ttl);
    const entry = this.#entry(output, metadata, lifeMs, found.proof);
    try {
      const stored = await this.#manager.set(found.key, this.#vault.put(entry, found.key), {
        ttl: `${lifeMs}ms`,
        tags: found.tags,
      });
      if (!stored) return this.#notStored('unavailable');
    } catch (error) {
      if (error instanceof InvalidValueError) return this.#notStored('unkeyable');
      throw error;
    }
    this.#ledger.stored++;
    return { stored: true };
  }

  /**
   * The stored answer, or that of `run`, which is run once however many ask at the same time, in all processes. What `run` throws is
   * thrown; what the cache does not want to keep is returned all the same.
   *
   * @throws InvalidKeyError when an id is missing; InvalidOptionsError; NotCachedError; what `run` throws
   */
  async wrap<T>(request: ModelRequest<T>, run: () => T | Promise<T>): Promise<ModelAnswer<T>> {
    return (await this.#wrap(request, run)).answer;
  }

  /**
   * For flows that cannot hand over the inference as a function: begins it for all who ask the same. The result has the stored answer, or
   * `store` and `abandon`, of which one must be called. An invalidation in between wins: `store` then says `invalidated`.
   *
   * @throws InvalidKeyError when an id is missing
   */
  async begin<T = unknown>(question: ModelQuestion): Promise<ModelInference<T>> {
    return beginInference<T>({
      wrap: (run, describe) => this.#wrap<T>({ ...question, describe }, run),
      fate: async ({ entry, answer }) => {
        if (entry.refusal !== undefined) return { stored: false, reason: entry.refusal };
        const now = await this.#manager.get<StoredAnswer | null>(answer.fingerprint);
        return now?.id === entry.id ? { stored: true } : this.#notStored('invalidated');
      },
    });
  }

  /** Makes every answer of a model void, in one workspace or in all, in one step. */
  async invalidateModel(modelId: string, workspaceId?: KeyPart): Promise<void> {
    this.#ledger.invalidations++;
    await this.#manager.invalidateByTag(modelTag(modelId, workspaceId));
  }

  /** Makes every answer in a workspace void, in one step. */
  async invalidateWorkspace(workspaceId: KeyPart): Promise<void> {
    this.#ledger.invalidations++;
    await this.#manager.invalidateByTag(modelWorkspaceTag(workspaceId));
  }

  /**
   * Makes every answer in a workspace void, and removes what is left of it from the store. Walks over all keys; while the cache cannot
   * be reached, it is made up for later. Returns how many entries were removed.
   */
  async eraseWorkspace(workspaceId: KeyPart): Promise<number> {
    await this.invalidateWorkspace(workspaceId);
    return this.#manager.invalidatePattern(`${escapeGlob(joinKey('model', [workspaceId]))}:*`);
  }

  /** Stores answers that are known, a few at a time; tells how many are stored, and how many are not. */
  async warmUp(
    answers: readonly ModelWarmUp[],
    { concurrency = WARM_UP_CONCURRENCY }: { readonly concurrency?: number } = {},
  ): Promise<{ stored: number; refused: number }> {
    const check = new OptionCheck('warmUp()');
    check.positiveInteger('concurrency', concurrency);
    check.throwIfAny();
    const stored = await fewAtATime(answers, concurrency, async (answer) => {
      const { modelId, input, output, workspaceId, metadata, ...options } = answer;
      return (await this.set(modelId, input, output, workspaceId, metadata, options)).stored;
    });
    return { stored, refused: answers.length - stored };
  }

  /** Counts of this process. */
  getStats(): ModelStats {
    return this.#ledger.stats;
  }

  /** The key of a question, or why the cache has nothing to do with it. */
  #keyOf(question: ModelQuestion): ModelKey | RefusalReason {
    joinKey('model', [question.workspaceId, question.modelId]); // an id that is missing is a mistake, whatever the rest is
    if (!this.#options.enabled) return 'disabled';
    if (typeof question.input === 'string' && question.input.length > this.#options.maxInputLength)
      return 'input-too-long';
    try {
      const key = this.#keys.keyOf(question);
      return key.inputLength > this.#options.maxInputLength ? 'input-too-long' : key;
    } catch (error) {
      if (error instanceof InvalidKeyError) return 'unkeyable';
      throw error;
    }
  }

  async #wrap<T>(request: ModelRequest<T>, run: () => T | Promise<T>): Promise<Outcome<T>> {
    const { noCache = false, noStore = false, onlyIfCached = false } = request;
    const key = this.#keyOf(request);
    const oldestMs = request.maxAge === undefined ? Infinity : ttlMs('wrap()', request.maxAge, 'maxAge');
    const lifeMs = request.ttl === undefined ? this.#options.ttlMs : ttlMs('wrap()', request.ttl);
    const make = (): Promise<PlainAnswer> => this.#make(request, run, lifeMs);
    const unstored = async (reason: RefusalReason): Promise<Outcome<T>> =>
      this.#ledger.refused(reason, this.#outcome<T>({ ...(await make()), refusal: reason }, 'none', ''));
    if (typeof key === 'string') {
      if (onlyIfCached) throw new NotCachedError(key);
      return unstored(key);
    }
    if (!noCache && (onlyIfCached || noStore)) {
      const found = await this.#lookUp<T>(key, oldestMs);
      if (found !== null) return found;
      if (onlyIfCached) throw new NotCachedError(key.key);
    }
    if (noStore) return unstored('no-store');
    return this.#load<T>({ ...key, lifeMs, oldestMs, renew: noCache }, request, make);
  }

  /** Runs the inference; what comes of it, and why it is not to be kept. */
  async #make<T>(request: ModelRequest<T>, run: () => T | Promise<T>, lifeMs: number): Promise<PlainAnswer> {
    const start = this.#clock.monotonic();
    const output = await run();
    const metadata = { latencyMs: Math.round(this.#clock.monotonic() - start), ...request.describe?.(output) };
    checkMetadata('describe()', metadata);
    const refusal = refusalOf({ output, metadata, params: request.params ?? {}, options: this.#options });
    const entry = this.#entry(output, metadata, lifeMs);
    return refusal === undefined ? entry : this.#ledger.refused(refusal, { ...entry, refusal });
  }

  async #lookUp<T>({ key, proof }: ModelKey, oldestMs: number): Promise<Outcome<T> | null> {
    const found = await this.#manager.get<StoredAnswer | null>(key);
    const entry = found === undefined ? undefined : this.#opened(found, key, proof);
    if (entry === undefined || this.#clock.now() - entry.storedAt > oldestMs) {
      this.#ledger.misses++;
      return null;
    }
    return this.#hit<T>(entry, 'exact', key);
  }

  async #load<T>(
    {
      renew,
      ...question
    }: Pick<ModelKey, 'key' | 'proof' | 'tags'> & { lifeMs: number; oldestMs: number; renew: boolean },
    {
      staleWhileRevalidate = 0,
      staleIfError = 0,
      staleIf = mayPass,
    }: Pick<ModelRequest, 'staleWhileRevalidate' | 'staleIfError' | 'staleIf'>,
    make: () => Promise<PlainAnswer>,
  ): Promise<Outcome<T>> {
    const { key, proof, tags, lifeMs, oldestMs } = question;
    const asked = this.#clock.now();
    let mine: PlainAnswer | undefined;
    const run = async (): Promise<StoredAnswer> => {
      mine = { ...(await make()), proof };
      // What is not to be kept is only handed to those who wait.
      return mine.refusal === undefined ? this.#kept(mine, key) : mine;
    };
    const options = {
      ttl: `${lifeMs}ms` as const,
      tags,
      staleWhileRevalidate,
      staleIfError,
      staleIf,
      unless: ({ refusal }: StoredAnswer) => refusal !== undefined,
    };
    const cached = renew ? this.#manager.put(key, run, options) : this.#manager.getOrSet(key, run, options);
    const found = (await cached) as StoredAnswer | null; // whatever stands there
    if (mine !== undefined && found?.id === mine.id) {
      this.#ledger.misses++;
      if (mine.refusal === undefined) this.#ledger.stored++;
      return this.#outcome<T>(mine, 'none', key);
    }
    const entry = this.#opened(found, key, proof);
    // What stands there is nobody's answer, or too old for this one: it makes room.
    if (entry === undefined || this.#clock.now() - entry.storedAt > oldestMs)
      return this.#load<T>({ ...question, renew: true }, {}, make);
    const stale = this.#clock.now() > entry.storedAt + entry.ttlMs;
    return this.#hit<T>(entry, stale ? 'stale' : entry.storedAt > asked ? 'coalesced' : 'exact', key);
  }

  /** The entry; an answer that cannot be encoded is handed on, and not kept. */
  #kept(answer: PlainAnswer, key: string): StoredAnswer {
    try {
      return this.#vault.put(answer, key);
    } catch (error) {
      if (error instanceof InvalidValueError)
        return this.#ledger.refused('unkeyable', { ...answer, refusal: 'unkeyable' });
      throw error;
    }
  }

  #opened(entry: StoredAnswer | null, key: string, proof: string): PlainAnswer | undefined {
    const answer = this.#vault.take(entry, key, proof);
    if (answer === undefined) this.#ledger.unreadable++;
    return answer;
  }

  #hit<T>(entry: PlainAnswer, hit: Exclude<ModelHit, 'none'>, fingerprint: string): Outcome<T> {
    this.#ledger.hit(hit, entry.metadata);
    return this.#outcome<T>(entry, hit, fingerprint);
  }

  #outcome<T>(entry: PlainAnswer, hit: ModelHit, fingerprint: string): Outcome<T> {
    const { metadata, refusal, storedAt } = entry;
    const ageMs = Math.max(0, this.#clock.now() - storedAt);
    const left = refusal === undefined ? Math.max(0, entry.ttlMs - ageMs) : 0;
    return { entry, answer: { output: entry.output as T, metadata, hit, ageMs, ttlMs: left, fingerprint } };
  }

  #entry(output: unknown, metadata: ModelMetadata, lifeMs: number, proof = ''): PlainAnswer {
    return { output, metadata, proof, id: newToken(), storedAt: this.#clock.now(), ttlMs: lifeMs };
  }

  #notStored(reason: RefusalReason): ModelStored {
    return this.#ledger.refused(reason, { stored: false, reason });
  }
}
