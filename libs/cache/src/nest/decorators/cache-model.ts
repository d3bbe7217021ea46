import { OptionCheck } from '@mobius1/kernel';
import type { KeyPart } from '../../features/manager/cache-keys.js';
import type { ModelMetadata } from '../../features/model/admission.js';
import { checkControls, checkWorkspace } from '../../features/model/model-controls.js';
import type { ModelRequest } from '../../features/model/model-types.js';
import { checkPace } from '../../features/model/stream/replay.js';
import type { ModelStreamRequest } from '../../features/model/stream/streams.js';
import { decorate } from './decorate.js';
import { type DescriptorFor, type Of, unlessFunction, valueOf } from './method-options.js';

/** What `@CacheModel` may say. */
export interface CacheModelOptions<Args extends readonly unknown[], Result> extends Pick<
  ModelRequest,
  'ttl' | 'staleWhileRevalidate' | 'staleIfError' | 'semantic'
> {
  /** The model, with its version. */
  readonly modelId: Of<Args, string>;
  /** Whose answer it is. */
  readonly workspaceId: Of<Args, KeyPart>;
  /** What is asked. @default all arguments of the method */
  readonly input?: (...args: Args) => unknown;
  /** System prompt, temperature, prompt version: whatever else changes the answer. @default none */
  readonly params?: Of<Args, Readonly<Record<string, unknown>>>;
  /** What is known of an answer, of an async generator from all of its parts: tokens, confidence, why it ended. @default its latency */
  readonly describe?: (output: Result) => ModelMetadata;
  /** How fast an async generator gives a recorded answer: at once, as it came, or at a rate. @default 'none' */
  readonly pace?: ModelStreamRequest['pace'];
}

type Options = CacheModelOptions<never[], never>;

const prototypes = new WeakSet<object>();

/** Whether instances of a class have a method with `@CacheModel`, of their own or inherited. */
export function hasModelMethods({ prototype }: { readonly prototype?: unknown }): boolean {
  for (
    let level = prototype;
    typeof level === 'object' && level !== null;
    level = Object.getPrototypeOf(level) as unknown
  )
    if (prototypes.has(level)) return true;
  return false;
}

const NAMES: Readonly<Record<keyof CacheModelOptions<[], unknown>, true>> = {
  modelId: true,
  workspaceId: true,
  input: true,
  params: true,
  describe: true,
  pace: true,
  semantic: true,
  ttl: true,
  staleWhileRevalidate: true,
  staleIfError: true,
};

/** @throws InvalidOptionsError that lists every problem at once, under the place of the decorator */
function checkOptions(place: string, options: Options): void {
  const { modelId, workspaceId, input, params, describe, pace, semantic } = options;
  const check = new OptionCheck(place);
  check.unknownKeys('', options, Object.keys(NAMES));
  check.required('modelId', modelId, 'the name of the model, or a function of the arguments');
  check.string('modelId', unlessFunction(modelId));
  check.required('workspaceId', workspaceId, 'a function of the arguments that says whose answer it is');
  checkWorkspace(check, 'workspaceId', workspaceId);
  check.function('input', input);
  const fixed: unknown = unlessFunction(params);
  if (fixed !== undefined && (typeof fixed !== 'object' || fixed === null || Array.isArray(fixed)))
    check.problem('params', 'an object, or a function of the arguments', fixed);
  check.function('describe', describe);
  checkControls(check, '', options);
  checkPace(check, 'pace', pace);
  check.boolean('semantic', semantic);
  check.throwIfAny();
}

/** The decorator for methods that answer at once, and for async generators, whose result is the list of their parts. */
export type ModelMethodDecoratorFor<Args extends readonly unknown[], Result> = <
  M extends (
    ...args: never[]
  ) => Promise<Result> | AsyncGenerator<Result extends readonly (infer Part)[] ? Part : unknown, void, undefined>,
>(
  target: object,
  property: string | symbol,
  descriptor: DescriptorFor<M, Args>,
) => void;

/**
 * Keeps what a method gets from an AI model, as `ModelCacheService.wrap` does: asked once however many ask the same, kept when it is
 * whole, private to a workspace. An async generator is kept part by part, as `ModelCacheService.stream` does.
 *
 * @example
 * ```ts
 * @CacheModel({ modelId: 'llama-3-8b', workspaceId: (workspaceId: string) => workspaceId, params: { promptVersion: 3 } })
 * async summarise(workspaceId: string, text: string): Promise<string> { … }
 * ```
 *
 * @throws InvalidOptionsError at class definition when an option is wrong; CacheDecoratorError as `@Cacheable` does
 */
export function CacheModel<Args extends readonly unknown[] = [], Result = unknown>(
  options: CacheModelOptions<Args, Result>,
): ModelMethodDecoratorFor<Args, Result> {
  const { modelId, workspaceId, input, params, ...rest } = options as Options;
  const requestOf = (args: readonly unknown[]) => ({
    ...rest,
    modelId: valueOf(modelId, args) ?? '',
    workspaceId: valueOf(workspaceId, args) as KeyPart,
    input: input === undefined ? [...args] : (input as (...all: readonly unknown[]) => unknown)(...args),
    params: valueOf(params, args),
  });
  return decorate(
    'CacheModel',
    async ({ binding, args, proceed }) =>
      (await binding.instance.models.wrap(requestOf(args) as ModelRequest, proceed)).output,
    {
      check: (place) => checkOptions(place, options as Options),
      prototypes,
      parts: ({ binding, args, proceed }) =>
        binding.instance.models.stream(requestOf(args) as ModelStreamRequest, proceed),
    },
  );
}
