// Sets, gets, gets or computes, deletes.
import { cacheManager, closeCache, DefaultTTL, getRedisClient } from '@mobius1/cache/standalone';
import { connect } from '../connect.js';
import { say } from '../say.js';

let computed = 0;

async function computeExpensiveData() {
  computed++;
  return { answer: 42, at: new Date(0) };
}

async function main() {
  await connect();

  await cacheManager.set('user:123', { name: 'John' }, { ttl: DefaultTTL.medium });
  const user = await cacheManager.get('user:123');
  const typed = await cacheManager.get<{ name: string }>('user:123');
  const seconds = await getRedisClient().getClient().ttl(`${process.env.REDIS_KEY_PREFIX}user:123`);
  say('user', { user, name: typed?.name.toUpperCase(), seconds });

  for (let i = 0; i < 3; i++) {
    const data = await cacheManager.getOrSet(
      'expensive:computation',
      async () => {
        return await computeExpensiveData();
      },
      { ttl: DefaultTTL.long },
    );
    say('data', { answer: data.answer.toFixed(), at: data.at.getTime(), computed });
  }

  const existed = await cacheManager.exists('user:123');
  const deleted = await cacheManager.delete('user:123');
  say('deleted', { existed, deleted, exists: await cacheManager.exists('user:123') });

  const { set, invalidatePattern } = cacheManager; // methods keep working on their own
  await set('page:1', 'one', { namespace: 'workspace:w1' });
  await set('page:2', 'two', { namespace: 'workspace:w1' });
  await set('page:1', 'other');
  say('pattern', {
    removed: await invalidatePattern('page:*', { namespace: 'workspace:w1' }),
    other: await cacheManager.get('page:1'),
  });

  await cacheManager.clear();
  await closeCache();
}

void main();
