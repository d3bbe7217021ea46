// A price list that is slow to ask: what the decorators make of it, call by call.
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CACHE_INSTANCE, Cacheable, CacheInvalidate, type CacheInstance, CacheModule } from '@mobius1/cache';

// Stands for your database, and counts how often it is asked.
const rows = new Map([
  ['apple', 10],
  ['pear', 12],
]);
let queries = 0;

@Injectable()
class PricesService {
  // A key of your own lets others find the entry. A ttl that is a number would be seconds.
  @Cacheable({ key: (sku: string) => `price:${sku}`, ttl: '5m' })
  async price(sku: string): Promise<number | null> {
    queries++;
    return rows.get(sku) ?? null;
  }

  // Made of many rows, so a tag says what it depends on. Class, method and arguments are its key.
  @Cacheable({ ttl: '1h', tags: ['prices'] })
  async dearest(count: number): Promise<string[]> {
    queries++;
    const byPrice = [...rows].sort(([, a], [, b]) => b - a);
    return byPrice.slice(0, count).map(([sku]) => sku);
  }

  // Once it has succeeded, its own row is forgotten, and whatever was made of the rows.
  @CacheInvalidate({ key: (sku: string) => `price:${sku}`, tags: ['prices'] })
  async change(sku: string, price: number): Promise<number> {
    rows.set(sku, price);
    return price;
  }
}

@Module({
  // In memory, so that there is nothing to install. With `redis: { url }` all processes share one cache, and this program prints the same.
  imports: [CacheModule.forRoot({ redis: false })],
  providers: [PricesService],
})
class AppModule {}

async function main(): Promise<void> {
  Logger.overrideLogger(['error', 'warn']);
  const app = await NestFactory.createApplicationContext(AppModule);
  const prices = app.get(PricesService);
  const cache = app.get<CacheInstance>(CACHE_INSTANCE);

  // The cache says how each read was answered. A logger, metrics or a test would listen in the same way.
  let outcomes: string[] = [];
  cache.events.on('read', ({ outcome }) => void outcomes.push(outcome));

  /** Makes a call, and says what happened. */
  async function show(what: string, call: () => Promise<unknown>): Promise<void> {
    const before = queries;
    outcomes = [];
    const answer = JSON.stringify(await call());
    const count = (outcome: string) => outcomes.filter((one) => one === outcome).length;
    const reads = `hits ${count('hit')}, misses ${count('miss')}`;
    console.log(what.padEnd(26), answer.padEnd(16), reads.padEnd(18), `queries ${queries - before}`);
  }

  await show('price of apple', () => prices.price('apple'));
  await show('price of apple, again', () => prices.price('apple'));
  await show('the two dearest', () => prices.dearest(2));
  await show('the two dearest, again', () => prices.dearest(2));
  await show('apple costs 15 now', () => prices.change('apple', 15));
  await show('price of apple', () => prices.price('apple')); // its key was invalidated
  await show('the two dearest', () => prices.dearest(2)); // its tag was
  await show('price of kiwi', () => prices.price('kiwi'));
  await show('price of kiwi, again', () => prices.price('kiwi')); // that there is none is remembered, too

  // A hundred callers of a key that nobody has: one of them asks, the others wait for its answer.
  await show('price of pear, 100 callers', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => prices.price('pear')));
    return [...new Set(answers)];
  });

  const { hits, misses, hitRate } = await cache.manager.getStats();
  console.log(`In all: ${hits} hits, ${misses} misses, ${queries} queries; ${hitRate} % of the reads were hits.`);
  await app.close();
}

void main();
