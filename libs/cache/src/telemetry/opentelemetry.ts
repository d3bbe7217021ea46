/**
 * The cache in OpenTelemetry. Needs `@opentelemetry/api`, which `@mobius1/cache` itself does not.
 *
 * @example
 * traceCache(moduleRef.get(CACHE_INSTANCE));
 */
import { SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import type { CacheInstance } from '../instance/cache-instance.js';

/** How a cache is traced. */
export interface TraceOptions {
  /** @default the tracer `@mobius1/cache` of the registered provider */
  readonly tracer?: Tracer;
}

/**
 * Traces a cache:
 *
 * - each load runs in a span `cache.load`, child of whatever was active for the caller who led it, so that the queries of the
 *   load are its children. A load that fails marks it with the name of the error, never its message;
 * - each read and each invalidation is an event on the active span: `cache.read` with its outcome, `cache.invalidate`.
 *
 * No keys, tags, namespaces or values are in attributes (G9).
 *
 * @returns what ends it
 */
export function traceCache(
  cache: CacheInstance,
  { tracer = trace.getTracer('@mobius1/cache') }: TraceOptions = {},
): () => void {
  const { name: cacheName } = cache;
  const attributes = { 'cache.name': cacheName };
  const { around } = cache.engine;
  const before = around.load;

  let ended = false;

  const load = <T>(run: () => T | Promise<T>): T | Promise<T> => {
    // Somebody who came later may still lead through here.
    if (ended) return before === undefined ? run() : before(run);
    return tracer.startActiveSpan('cache.load', { kind: SpanKind.INTERNAL, attributes }, async (span) => {
      try {
        return await (before === undefined ? run() : before(run));
      } catch (error) {
        span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  };
  around.load = load;

  const stops = [
    cache.events.on('read', ({ outcome }) => {
      trace.getActiveSpan()?.addEvent('cache.read', { ...attributes, 'cache.outcome': outcome });
    }),
    cache.events.on('invalidated', ({ remembered }) => {
      trace.getActiveSpan()?.addEvent('cache.invalidate', { ...attributes, 'cache.remembered': remembered });
    }),
  ];
  return () => {
    ended = true;
    if (around.load === load) around.load = before;
    for (const stop of stops) stop();
  };
}
