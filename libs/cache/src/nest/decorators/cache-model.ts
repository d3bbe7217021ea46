import { OptionCheck } from '@mobius1/kernel';
import type { KeyPart } from '../../features/manager/cache-keys.js';
import type { ModelMetadata } from '../../features/model/admission.js';
import type { ModelRequest } from '../../features/model/model-types.js';
import { decorate } from './decorate.js';
import { type MethodDecoratorFor, type Of, valueOf } from './method-options.js';

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
  /** What is known of an answer: tokens, confidence, why it ended. @default its latency */
  readonly describe?: (output: Result) => ModelMetadata;
}

type Options = CacheModelOptions<never[], never>;

/**
 * Keeps what a method gets from an AI model, as `ModelCacheService.wrap` does: asked once however many ask the same, kept when it is
 * whole, private to a workspace.
 *
 * @example
 * ```ts
 * @CacheModel({ modelId: 'llama-3-8b', workspaceId: (workspaceId: string) => workspaceId, params: { promptVersion: 3 } })
 * async summarise(workspaceId: string, text: string): Promise<string> { … }
 * ```
 *
 * @throws InvalidOptionsError at class definition when model or workspace are not named; CacheDecoratorError as `@Cacheable` does
 */
export function CacheModel<Args extends readonly unknown[] = [], Result = unknown>(
  options: CacheModelOptions<Args, Result>,
): MethodDecoratorFor<Args, Result> {
  const { modelId, workspaceId, input, params, ...rest } = options as Options;
  const check = new OptionCheck('@CacheModel');
  check.unknownKeys('', rest, ['describe', 'ttl', 'staleWhileRevalidate', 'staleIfError', 'semantic']);
  check.required('modelId', modelId, 'the name of the model, or a function of the arguments');
  check.required('workspaceId', workspaceId, 'a function of the arguments that says whose answer it is');
  check.throwIfAny();
  return decorate('CacheModel', async ({ binding, args, proceed }) => {
    const request = {
      ...rest,
      modelId: valueOf(modelId, args) ?? '',
      workspaceId: valueOf(workspaceId, args) as KeyPart,
      input: input === undefined ? [...args] : (input as (...all: readonly unknown[]) => unknown)(...args),
      params: valueOf(params, args),
    };
    return (await binding.instance.models.wrap(request as ModelRequest, proceed)).output;
  });
}
