import { existsSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { type Page, readPages, ROOT } from './page.js';
import { exportsOf, membersOf, propertiesOf, sources, textOf } from './sources.js';

const CACHE = 'libs/cache/src';
const DATABASE = 'libs/database/src';

/** Every option, method, count and event, by the type that declares it. */
const DECLARED = Object.entries({
  [`${CACHE}/instance/cache-options.ts`]: ['CacheOptions', 'L1Options'],
  [`${CACHE}/drivers/near/near-tier.ts`]: ['CoherenceOptions'],
  [`${CACHE}/drivers/redis-options.ts`]: ['RedisOptions'],
  [`${CACHE}/drivers/memory-store.ts`]: ['MemoryStoreOptions'],
  [`${CACHE}/core/options.ts`]: ['StoreOptions', 'LoadOptions'],
  [`${CACHE}/core/explain.ts`]: ['KeyExplanation'],
  [`${CACHE}/core/stats.ts`]: ['Counts'],
  [`${CACHE}/features/manager/manager-options.ts`]: ['IncrementOptions', 'InvalidateOptions', 'FeatureOptions'],
  [`${CACHE}/features/manager/cache-manager.ts`]: ['CacheStats', 'CacheManager'],
  [`${CACHE}/instance/redis-handle.ts`]: ['RedisHandle'],
  [`${CACHE}/instance/cache-health.ts`]: ['CacheHealth'],
  [`${CACHE}/nest/decorators/method-options.ts`]: ['CachedMethodOptions', 'CacheableOptions'],
  [`${CACHE}/nest/decorators/cache-invalidate.ts`]: ['CacheInvalidateOptions'],
  [`${CACHE}/nest/decorators/cache-model.ts`]: ['CacheModelOptions'],
  [`${CACHE}/features/query/query-cache.ts`]: ['QueryOptions', 'ListPage', 'QueryStats', 'QueryCache'],
  [`${CACHE}/features/model/model-options.ts`]: ['ModelCacheOptions'],
  [`${CACHE}/features/model/model-types.ts`]: [
    ...['ModelAnswer', 'ModelControls', 'ModelGetOptions', 'ModelSetOptions', 'ModelRequest'],
  ],
  [`${CACHE}/features/model/stream/streams.ts`]: ['ModelStreamRequest'],
  [`${CACHE}/features/model/stream/model-stream.ts`]: ['ModelStream'],
  [`${CACHE}/features/model/model-stats.ts`]: ['ModelStats'],
  [`${CACHE}/features/model/admission.ts`]: ['ModelMetadata'],
  [`${CACHE}/features/model/savings/amounts.ts`]: ['Money', 'SavingsCounts'],
  [`${CACHE}/features/model/savings/prices.ts`]: ['ModelPrice', 'ModelPrices'],
  [`${CACHE}/features/model/savings/savings-options.ts`]: ['SavingsOptions'],
  [`${CACHE}/features/model/savings/savings-report.ts`]: ['Savings', 'SavingsQuery', 'SavingsRow'],
  [`${CACHE}/features/model/savings/tokens.ts`]: ['TokenUsage', 'TokensByKind'],
  [`${CACHE}/features/model/sealing.ts`]: ['ModelEncryption'],
  [`${CACHE}/features/model/semantic/semantic-options.ts`]: ['Embedder', 'SemanticOptions'],
  [`${CACHE}/features/model/semantic/semantic-stats.ts`]: ['SemanticStats', 'SemanticPartition'],
  [`${CACHE}/features/model/semantic/gate-table.ts`]: ['GateTable'],
  [`${CACHE}/features/model/model-cache.ts`]: ['ModelCache'],
  [`${CACHE}/plugs/ai-sdk/call-options.ts`]: ['AiSdkCacheOptions', 'MobiusProviderOptions', 'MobiusProviderMetadata'],
  [`${CACHE}/plugs/fetch/fetch-options.ts`]: ['CachedFetchOptions', 'ModelCall'],
  [`${CACHE}/plugs/langchain/langchain-cache.ts`]: ['LangChainCacheOptions'],
  [`${CACHE}/nest/cache.module.ts`]: ['CacheModuleOptions'],
  [`${CACHE}/nest/rate-limit/rate-limit.decorator.ts`]: ['RateLimitRule'],
  [`${CACHE}/nest/rate-limit/rate-limit-module-options.ts`]: ['RateLimitModuleOptions', 'RateLimitCallers'],
  [`${CACHE}/nest/rate-limit/rate-limit.exception.ts`]: ['RateLimitFacts'],
  [`${CACHE}/nest/rate-limit/rate-limit.guard.ts`]: ['RateLimitGuard'],
  [`${CACHE}/nest/rate-limit/limited-call.ts`]: ['LimitedCall'],
  [`${CACHE}/features/rate-limit/limit-types.ts`]: [
    ...['RateLimitPolicy', 'RateLimitBlock', 'RateLimitTarget', 'RateLimitCheckOptions', 'RateLimitResult'],
    ...['RateLimitDecision', 'RateLimitSlot', 'TokenReservation', 'Settlement', 'ReserveOptions', 'RateLimitOptions'],
  ],
  [`${CACHE}/features/rate-limit/limit-stats.ts`]: ['RateLimitStats'],
  [`${CACHE}/features/rate-limit/rate-limits.ts`]: ['RateLimits'],
  [`${DATABASE}/core/options.ts`]: ['DatabaseOptions'],
  [`${DATABASE}/core/pool-stats.ts`]: ['PoolStats'],
  [`${DATABASE}/core/slow-queries.ts`]: ['SlowQuery'],
  [`${DATABASE}/features/transaction-options.ts`]: ['TransactionOptions', 'TransactionsOptions'],
  [`${DATABASE}/features/transactions.ts`]: ['Transactions'],
  [`${DATABASE}/features/retries.ts`]: ['RetriesOptions'],
  [`${DATABASE}/features/prisma-extension/operations.ts`]: ['CacheStrategy', 'CacheArgument'],
  [`${DATABASE}/features/prisma-extension/query-cache-options.ts`]: ['QueryCacheExtensionOptions'],
}).flatMap(([path, types]) => types.map((type) => ({ type, names: membersOf(path, type) })));

// Not for users: tests pass a clock.
const INTERNAL = ['clock'];

const REFERENCE = [
  ...['docs/module.md', 'docs/cache-manager.md', 'docs/decorators.md', 'docs/tiers.md'],
  ...[
    'docs/database.md',
    'docs/transactions.md',
    'docs/query-cache.md',
    'docs/prisma-extension.md',
    'docs/model-cache.md',
    'docs/semantic.md',
    'docs/ai-sdk.md',
    'docs/rate-limit.md',
  ],
];

describe('the documentation', () => {
  const pages = readPages();
  const byPath = new Map(pages.map((page) => [page.path, page]));
  /** What stands as code in the pages, within a line or in a block. */
  const codeIn = (paths: readonly string[]): string =>
    paths
      .map((path) => byPath.get(path)?.text ?? '')
      .flatMap((text) => text.match(/^```[^]*?^```|`[^`\n]+`/gm) ?? [])
      .join('\n');
  const reference = codeIn(REFERENCE);
  const missingIn = (code: string, names: readonly string[]): string[] =>
    names.filter((name) => !new RegExp(`(?<![\\w$])${name}(?![\\w$])`).test(code));

  it.each(['ai-sdk', 'fetch', 'langchain'])('mentions everything that the plug %s exports', (plug) => {
    const names = exportsOf(`${CACHE}/plugs/${plug}.ts`);
    expect(names.length).toBeGreaterThan(1);
    expect(missingIn(codeIn(['docs/ai-sdk.md']), names)).toEqual([]);
  });

  it.each([`${CACHE}/index.ts`, `${CACHE}/standalone.ts`, `${DATABASE}/index.ts`])(
    'mentions everything that %s exports',
    (path) => {
      const names = exportsOf(path);
      expect(names.length).toBeGreaterThan(10);
      expect(missingIn(codeIn(pages.map((page) => page.path)), names)).toEqual([]);
    },
  );

  it.each(DECLARED)('describes every member of $type', ({ names }) => {
    expect(names.length).toBeGreaterThan(0);
    const missing = missingIn(reference, names);
    expect(missing.filter((name) => !INTERNAL.includes(name))).toEqual([]);
  });

  it.each([
    [CACHE, 'CacheEvents'],
    [DATABASE, 'DatabaseEvents'],
  ])('describes every event of %s', (library, events) => {
    const names = propertiesOf(`${library}/core/events.ts`, events);
    expect(names.length).toBeGreaterThan(5);
    expect(missingIn(reference, names)).toEqual([]);
  });

  it('describes every variable of .env.example', () => {
    const names = [...textOf('.env.example').matchAll(/^#?([A-Z_]+)=/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(5);
    expect(missingIn(reference, names)).toEqual([]);
  });

  it('gives every error its code', () => {
    const files = [
      ...[`${CACHE}/core/errors.ts`, `${CACHE}/standalone.ts`, `${DATABASE}/core/errors.ts`],
      `${CACHE}/features/model/model-types.ts`,
      `${CACHE}/features/model/stream/errors.ts`,
      `${CACHE}/features/model/semantic/evaluate.ts`,
    ];
    const text = files.map(textOf).join('');
    const codes = [...text.matchAll(/readonly code = '(\w+)'/g)].map(([, code = '']) => code);
    expect(codes.length).toBeGreaterThan(5);
    expect(missingIn(reference, codes)).toEqual([]);
  });

  it('has every page that it links to, and every heading', () => {
    expect(pages.flatMap((page) => page.links).length).toBeGreaterThan(20);
    expect(pages.flatMap((page) => page.links.flatMap((link) => brokenness(page, link)))).toEqual([]);
  });

  function brokenness(page: Page, { place, target }: Page['links'][number]): string[] {
    if (/^(https?|mailto):/.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? page.path : normalize(join(page.path, '..', file));
    if (!existsSync(join(ROOT, path))) return [`${place}: there is no ${path}`];
    if (anchor === undefined || byPath.get(path)?.anchors.includes(anchor)) return [];
    return [`${place}: ${path} has no heading #${anchor}`];
  }

  it('has no table without a head: its rows would be text', () => {
    expect(pages.flatMap(({ headless }) => headless)).toEqual([]);
  });

  it('explains every guarantee that code or tests cite', () => {
    const cited = sources().flatMap((path) => textOf(path).match(/\bG\d{1,2}\b/g) ?? []);
    expect(cited.length).toBeGreaterThan(20);
    const headings = (byPath.get('docs/guarantees.md')?.text.match(/^## G.*$/gm) ?? []).join('\n');
    expect(missingIn(headings, [...new Set(cited)])).toEqual([]);
  });
});
