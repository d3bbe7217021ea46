import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { traceCache } from '@mobius1/cache/opentelemetry';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';

describe('traces of a cache', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer('test');
  let cache: CacheInstance;
  let stop: () => void;

  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  beforeEach(() => {
    exporter.reset();
    cache = new CacheInstance({ name: 'shop' });
    stop = traceCache(cache, { tracer });
  });
  afterEach(async () => cache.close());
  afterAll(() => context.disable());

  /** Runs in a span of its own, as a request would; returns all spans that ended meanwhile. */
  async function request(run: () => Promise<unknown>): Promise<Map<string, ReadableSpan>> {
    await tracer.startActiveSpan('request', async (span) => {
      await run().catch(() => undefined);
      span.end();
    });
    return new Map(exporter.getFinishedSpans().map((span) => [span.name, span]));
  }

  it('show each load as a child of who asked for it, and its queries as children of the load', async () => {
    const spans = await request(() =>
      cache.manager.getOrSet('k', async () => {
        await Promise.resolve();
        tracer.startSpan('query').end();
        return 1;
      }),
    );
    const [asked, load, query] = ['request', 'cache.load', 'query'].map((name) => spans.get(name));
    expect(load?.parentSpanContext?.spanId).toBe(asked?.spanContext().spanId);
    expect(query?.parentSpanContext?.spanId).toBe(load?.spanContext().spanId);
    expect(load?.attributes).toEqual({ 'cache.name': 'shop' });
    expect(asked?.events.map(({ name, attributes }) => [name, attributes?.['cache.outcome']])).toEqual([
      ['cache.read', 'miss'],
    ]);
  });

  it('show hits and invalidations on the span of who asked', async () => {
    await cache.manager.set('k', 1);
    const spans = await request(async () => {
      await cache.manager.get('k');
      await cache.manager.delete('k');
      await cache.manager.put('k', () => 2);
    });
    expect([...spans.keys()]).toEqual(['cache.load', 'request']);
    const events = spans.get('request')?.events.map(({ name, attributes }) => [name, attributes]);
    expect(events).toEqual([
      ['cache.read', { 'cache.name': 'shop', 'cache.outcome': 'hit' }],
      ['cache.invalidate', { 'cache.name': 'shop', 'cache.remembered': false }],
    ]);
  });

  it('name the error of a load that failed, not its message (G9)', async () => {
    const spans = await request(() => cache.manager.getOrSet('k', () => Promise.reject(new TypeError('secret'))));
    const load = spans.get('cache.load');
    expect(load?.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(load?.attributes).toEqual({ 'cache.name': 'shop', 'error.type': 'TypeError' });
    expect(load?.events).toEqual([]);
  });

  it('hold no key, tag, namespace or value (G9)', async () => {
    const spans = await request(async () => {
      const options = { namespace: 'secret-namespace', tags: ['secret-tag'] };
      await cache.manager.getOrSet('secret-key', () => 'secret-value', options);
      await cache.manager.invalidateByTag('secret-tag');
    });
    const told = [...spans.values()].map(({ attributes, events, name }) => ({ attributes, events, name }));
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  it('end', async () => {
    stop();
    const spans = await request(() => cache.manager.getOrSet('k', () => 1));
    expect([...spans.keys()]).toEqual(['request']);
    expect(spans.get('request')?.events).toEqual([]);
  });

  it('end in any order', async () => {
    const stopSecond = traceCache(cache, { tracer });
    stop();
    stopSecond();
    const stopThird = traceCache(cache, { tracer });
    const stopFourth = traceCache(cache, { tracer });
    stopThird();
    await request(() => cache.manager.getOrSet('k', () => 1));
    expect(exporter.getFinishedSpans().filter(({ name }) => name === 'cache.load')).toHaveLength(1);
    stopFourth();
  });

  it('go to the provider that the application registered, and are nothing without one', async () => {
    const other = new CacheInstance();
    const end = traceCache(other);
    expect(await other.manager.getOrSet('k', () => 1)).toBe(1);
    expect(exporter.getFinishedSpans()).toEqual([]);
    trace.setGlobalTracerProvider(provider);
    await other.manager.getOrSet('l', () => 1);
    trace.disable();
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['cache.load']);
    end();
    await other.close();
  });
});
