/**
 * The cache in Prometheus. Needs `prom-client`, which `@mobius1/cache` itself does not.
 *
 * @example
 * registerCacheMetrics(register, moduleRef.get(CACHE_INSTANCE));
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CacheInstance } from '../instance/cache-instance.js';
import type { CacheMetric } from '../instance/cache-metrics.js';

/** How the metrics of a cache are made. */
export interface CacheMetricsOptions {
  /** Upper bounds of the buckets for the duration of loads, in seconds. @default 1 ms to 10 s */
  readonly loadBuckets?: readonly number[];
}

// From a query that hits an index to a call of a model.
const LOAD_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Caches that report to a registry, so that several of them share its metrics. */
const reporting = new WeakMap<Registry, Map<CacheInstance, () => void>>();

/**
 * Registers the metrics of a cache, labelled with its `name`. They are read when somebody scrapes; only the histogram
 * `mobius_cache_load_seconds` counts as loads end. Several caches may report to one registry, under different names.
 *
 * @returns what ends it; metrics without a cache stay registered and are empty
 */
export function registerCacheMetrics(
  registry: Registry,
  cache: CacheInstance,
  { loadBuckets = LOAD_BUCKETS }: CacheMetricsOptions = {},
): () => void {
  const caches = reporting.get(registry) ?? new Map<CacheInstance, () => void>();
  reporting.set(registry, caches);
  for (const metric of cache.metrics()) register(registry, metric, caches);
  const loads = loadsOf(registry, loadBuckets);
  const stop = cache.events.on('load', ({ ms }) => loads.observe({ cache: cache.name }, ms / 1_000));
  const end = (): void => {
    stop();
    caches.delete(cache);
  };
  caches.get(cache)?.(); // registered twice is registered once
  caches.set(cache, end);
  return end;
}

function register(
  registry: Registry,
  { name, help, type, samples }: CacheMetric,
  caches: Map<CacheInstance, unknown>,
): void {
  if (registry.getSingleMetric(name) !== undefined) return;
  const labelNames = ['cache', ...Object.keys(samples[0]?.labels ?? {})];
  const registers = [registry];
  const each = (report: (labels: Record<string, string>, value: number) => void): void => {
    for (const cache of caches.keys()) {
      const metric = cache.metrics().find((one) => one.name === name);
      for (const { labels, value } of metric?.samples ?? []) report({ cache: cache.name, ...labels }, value);
    }
  };
  if (type === 'gauge') {
    new Gauge({
      ...{ name, help, labelNames, registers },
      collect() {
        this.reset();
        each((labels, value) => this.set(labels, value));
      },
    });
    return;
  }
  new Counter({
    ...{ name, help, labelNames, registers },
    collect() {
      this.reset();
      each((labels, value) => this.inc(labels, value));
    },
  });
}

function loadsOf(registry: Registry, buckets: readonly number[]): Histogram<'cache'> {
  const name = 'mobius_cache_load_seconds';
  const known = registry.getSingleMetric(name);
  if (known instanceof Histogram) return known;
  const help = 'How long loads took.';
  return new Histogram({ name, help, labelNames: ['cache'], buckets: [...buckets], registers: [registry] });
}
