import { BaseCache, deserializeStoredGeneration, serializeGeneration } from '@langchain/core/caches';
import { OptionCheck } from '@mobius1/kernel';
import type { ModelCache } from '../../features/model/model-cache.js';
import type { ModelQuestion } from '../../features/model/model-key.js';
import { type CacheControls, checkControls, checkWorkspace } from '../../features/model/model-controls.js';
import type { WorkspaceOf } from '../controls.js';
import { generationMetadata } from './generation-metadata.js';
import { settingsOf } from './llm-key.js';

/** What LangChain caches: generations, with a message where a chat model made them. */
type Generations = Parameters<BaseCache['update']>[2];
type Stored = ReturnType<typeof serializeGeneration> & Pick<Generations[number], 'generationInfo'>;

/** How LangChain's answers are kept. */
export interface LangChainCacheOptions extends Pick<CacheControls, 'ttl' | 'maxAge'> {
  /** Whose answers these are; a function finds out for each call. */
  readonly workspaceId: WorkspaceOf;
}

/**
 * What stands in a prompt for an image, a sound, a file: all of them look the same to a cache. Whoever writes a word in square brackets
 * is taken for one.
 */
const PLACEHOLDER = /\[[a-z][\w-]*( file)?\]/i;

/**
 * A cache for models of LangChain, by workspace. It keeps what is whole, passes by prompts with anything but text in them, and never fails
 * a call nor loses an answer, whatever is wrong with it.
 *
 * @throws InvalidOptionsError when nobody says whose answers these are
 *
 * @example
 * const model = new ChatOpenAI({ model: 'gpt-5', cache: new LangChainCache(modelCache, { workspaceId: 'w1' }) });
 */
export class LangChainCache extends BaseCache {
  readonly #models: ModelCache;
  readonly #options: LangChainCacheOptions;

  constructor(models: ModelCache, options: LangChainCacheOptions) {
    super();
    const check = new OptionCheck('LangChainCache');
    check.unknownKeys('', options, ['workspaceId', 'ttl', 'maxAge']);
    check.required('workspaceId', options.workspaceId, 'whose answers these are, or a function that finds out');
    checkWorkspace(check, 'workspaceId', options.workspaceId);
    checkControls(check, '', options);
    check.throwIfAny();
    this.#models = models;
    this.#options = options;
  }

  /** The kept answer; `null` when there is none. @throws InvalidOptionsError when the function for the workspace finds none: before the model is asked */
  override async lookup(prompt: string, llmKey: string): Promise<Generations | null> {
    const question = this.#questionOf(prompt, llmKey);
    if (question === undefined) return null;
    const { modelId, input, workspaceId, params } = question;
    const { maxAge } = this.#options;
    try {
      const options = { params, ...(maxAge === undefined ? {} : { maxAge }) };
      const found = await this.#models.get<Stored[]>(modelId, input, workspaceId, options);
      // What is kept is frozen, and LangChain writes on what it is given.
      return found === null ? null : structuredClone(found.output).map(generationOf);
    } catch {
      return null;
    }
  }

  /** Keeps an answer, if it is whole. Never fails. */
  override async update(prompt: string, llmKey: string, generations: Generations): Promise<void> {
    try {
      const question = this.#questionOf(prompt, llmKey);
      if (question === undefined) return;
      const { modelId, input, workspaceId, params = {} } = question;
      const { ttl } = this.#options;
      const json = /^json/.test(String((params.response_format as { type?: string } | undefined)?.type));
      const metadata = generationMetadata(generations, json);
      const stored = generations.map(storedOf);
      await this.#models.set(modelId, input, stored, workspaceId, metadata, {
        params,
        ...(ttl === undefined ? {} : { ttl }),
      });
    } catch {
      // The answer is paid for: its caller gets it, whatever becomes of the copy.
    }
  }

  /** `undefined` when the prompt does not tell all that was asked. */
  #questionOf(prompt: string, llmKey: string): ModelQuestion | undefined {
    if (PLACEHOLDER.test(prompt)) return undefined;
    const { workspaceId } = this.#options;
    const found = typeof workspaceId === 'function' ? workspaceId() : workspaceId;
    const check = new OptionCheck('LangChainCache');
    check.required('workspaceId', found, 'whose answer it is');
    checkWorkspace(check, 'workspaceId', found);
    check.throwIfAny();
    const params = settingsOf(llmKey) ?? { llmKey };
    const modelId = [params.model, params.model_name, params.modelName, params._type].find(
      (name) => typeof name === 'string' && name !== '',
    );
    return {
      modelId: (modelId as string | undefined) ?? 'langchain',
      input: prompt,
      workspaceId: found as string,
      params,
    };
  }
}

/** A generation as data, with what it says of itself. */
function storedOf(generation: Generations[number]): Stored {
  const { generationInfo } = generation;
  return { ...serializeGeneration(generation), ...(generationInfo === undefined ? {} : { generationInfo }) };
}

const generationOf = ({ generationInfo, ...stored }: Stored): Generations[number] => ({
  ...deserializeStoredGeneration(stored),
  ...(generationInfo === undefined ? {} : { generationInfo }),
});
