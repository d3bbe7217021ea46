import { escapeGlob } from '../../core/glob.js';
import { ttlMs } from '../../core/options.js';
import { joinKey, type KeyPart } from '../manager/cache-keys.js';
import { CacheManager } from '../manager/cache-manager.js';
import { checkMetadata, type ModelMetadata } from './admission.js';
import { AnswerStore } from './answer-store.js';
import type { ModelCacheParts, Outcome } from './inquiry.js';
import { beginInference } from './inference.js';
import { type ModelQuestion, modelTag, modelWorkspaceTag } from './model-key.js';
import type { ModelCacheOptions } from './model-options.js';
import type { ModelStats } from './model-stats.js';
import type {
  ModelAnswer,
  ModelGetOptions,
  ModelInference,
  ModelRequest,
  ModelSetOptions,
  ModelStored,
  ModelWarmUp,
  PlainAnswer,
} from './model-types.js';
import type { SavingsLedger } from './savings/savings-ledger.js';
import type { Savings, SavingsQuery } from './savings/savings-report.js';
import type { SemanticPartition } from './semantic/semantic-stats.js';
import { SemanticTier } from './semantic/semantic-tier.js';
import type { ModelStream } from './stream/model-stream.js';
import { type ModelStreamRequest, Streams } from './stream/streams.js';
import type { StreamSource } from './stream/source.js';
import { type ModelWarmedUp, type ModelWarmUpOptions, warmUp } from './warm-up.js';

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
  readonly #answers: AnswerStore;
  readonly #streams: Streams;
  readonly #semantic: SemanticTier;
  /** What `getSavings` reads; the instance writes it out at its end, and measures it. */
  readonly savings: SavingsLedger;

  /** @throws InvalidOptionsError */
  constructor(parts: ModelCacheParts, options: ModelCacheOptions = {}) {
    this.#manager = new CacheManager(parts.engine);
    this.#answers = new AnswerStore(parts, options);
    this.savings = this.#answers.savings;
    this.#streams = new Streams(this.#answers);
    const { clock, standing: read, exactKeyOf: keyOf } = this.#answers;
    this.#semantic = new SemanticTier({ cache: parts.engine, stores: parts.stores, clock, read, keyOf });
    this.#semantic.configure(this.#answers.options);
  }

  /** Changes what is said; the rest stays. @throws InvalidOptionsError */
  configure(options: ModelCacheOptions): void {
    this.#answers.configure(options);
    this.#semantic.configure(this.#answers.options);
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
    const found = this.#answers.keyOf({ modelId, input, workspaceId, params });
    if (typeof found === 'string') return this.#answers.ledger.refused(found, null);
    const oldestMs = maxAge === undefined ? Infinity : ttlMs('get()', maxAge, 'maxAge');
    return (await this.#answers.lookUp<T>(found, oldestMs))?.answer ?? null;
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
    return this.#set({ modelId, input, output, workspaceId, metadata, params, ttl }, 'called');
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
   * The stored answer, or that of the model, in parts: who asks while it is given reads along, from its beginning, each at a pace of
   * their own. A recorded answer comes with its parts as they were.
   *
   * @param start asks the model; called once for all who ask the same. Its signal aborts when nobody reads any more.
   * @throws InvalidKeyError when an id is missing; InvalidOptionsError; NotCachedError; what `start` throws, and what comes of the model
   * before the first part. What comes later is thrown where the parts are read
   * @example
   * for await (const text of await models.stream({ modelId, input, workspaceId }, (signal) => ask(input, signal))) write(text);
   */
  async stream<Part>(
    request: ModelStreamRequest<Part>,
    start: (signal: AbortSignal) => StreamSource<Part> | Promise<StreamSource<Part>>,
  ): Promise<ModelStream<Part>> {
    return this.#streams.open(request, start);
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
      fate: async (outcome) => {
        const { refusal } = outcome.entry;
        if (refusal !== undefined) return { stored: false, reason: refusal };
        return (await this.#answers.stands(outcome)) ? { stored: true } : this.#answers.notStored('invalidated');
      },
    });
  }

  /** Makes every answer of a model void, in one workspace or in all, in one step. */
  async invalidateModel(modelId: string, workspaceId?: KeyPart): Promise<void> {
    await this.#invalidate(modelTag(modelId, workspaceId));
  }

  /** Makes every answer in a workspace void, in one step. */
  async invalidateWorkspace(workspaceId: KeyPart): Promise<void> {
    await this.#invalidate(modelWorkspaceTag(workspaceId));
  }

  /**
   * Makes every answer in a workspace void, and removes what is left of it from the store. Walks over all keys; while the cache cannot
   * be reached, it is made up for later. Its savings are erased as well. Returns how many entries were removed.
   */
  async eraseWorkspace(workspaceId: KeyPart): Promise<number> {
    this.#semantic.erase(workspaceId);
    await this.invalidateWorkspace(workspaceId);
    const removed = await this.#manager.invalidatePattern(`${escapeGlob(joinKey('model', { workspaceId }))}:*`);
    await this.savings.erase(workspaceId);
    return removed;
  }

  /** Stores answers that are known, a few at a time; tells how many are stored, and how many are not. */
  warmUp(answers: readonly ModelWarmUp[], options: ModelWarmUpOptions = {}): Promise<ModelWarmedUp> {
    return warmUp(answers, options, async (answer) => (await this.#set(answer, 'priced')).stored);
  }

  /** Counts of this process. */
  getStats(): ModelStats {
    return { ...this.#answers.ledger.stats, semantic: this.#semantic.stats };
  }

  /** What the semantic tier has learned in each partition that this process has to do with. */
  semanticPartitions(): SemanticPartition[] {
    return this.#semantic.report();
  }

  /**
   * What was called, saved and spent, in all processes: by workspace, model and UTC day, of the last 30 days if nothing else is said.
   * When the store does not answer, what is known here, and `complete: false`.
   *
   * @throws InvalidOptionsError for a query that is none
   */
  getSavings(query: SavingsQuery = {}): Promise<Savings> {
    return this.savings.report(query);
  }

  async #set(answer: ModelWarmUp, how: 'called' | 'priced'): Promise<ModelStored> {
    const { output, metadata = {}, params, ttl } = answer;
    checkMetadata('set()', metadata);
    const lifeMs = this.#answers.lifeMs('set()', ttl);
    const stored = await this.#answers.put(answer, { account: answer, output, metadata, params, lifeMs }, how);
    if (stored.stored) this.#semantic.remember(answer, this.#answers.exactKeyOf(answer));
    return stored;
  }

  async #invalidate(tag: string): Promise<void> {
    this.#answers.ledger.invalidations++;
    await this.#manager.invalidateByTag(tag);
  }

  async #wrap<T>(request: ModelRequest<T>, run: () => T | Promise<T>): Promise<Outcome<T>> {
    const { clock } = this.#answers;
    const make = async (): Promise<PlainAnswer> => {
      const start = clock.monotonic();
      const output = await run();
      const latencyMs = Math.round(clock.monotonic() - start);
      const lifeMs = this.#answers.lifeMs('wrap()', request.ttl);
      const describe = () => request.describe?.(output);
      return this.#answers.judge({ account: request, output, latencyMs, describe, params: request.params, lifeMs });
    };
    const begun = await this.#answers.begin<T>('wrap()', request);
    if (typeof begun === 'string') return this.#answers.unstored(begun, await make());
    if ('answer' in begun) return begun;
    const load = async (making: typeof make) => (await this.#answers.load<T>(begun, making)) as Outcome<T>;
    const found = await this.#semantic.around({ ...begun, renew: request.noCache === true }, request, make, load);
    return 'pointed' in found ? this.#answers.pointed<T>(found, begun) : found;
  }
}
