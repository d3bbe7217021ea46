// What does @Cacheable add to a hit through getOrSet?
import { compare } from './harness.mjs';

export async function decoratorHit({ Test, CacheModule, CacheManagerService, Cacheable }) {
  class UsersService {
    async byKey(id) {
      return { id };
    }
    async byArguments(id) {
      return { id };
    }
  }
  const decorate = (name, decorator) => {
    const descriptor = Object.getOwnPropertyDescriptor(UsersService.prototype, name);
    decorator(UsersService.prototype, name, descriptor);
    Object.defineProperty(UsersService.prototype, name, descriptor);
  };
  decorate('byKey', Cacheable({ key: (id) => `user:${id}`, ttl: 3600 }));
  decorate('byArguments', Cacheable({ ttl: 3600 }));
  const app = await Test.createTestingModule({
    imports: [CacheModule.forRoot({ redis: false })],
    providers: [UsersService],
  }).compile();
  await app.init();
  const cache = app.get(CacheManagerService);
  const users = app.get(UsersService);
  const ids = Array.from({ length: 1_000 }, (_, i) => `id-${i}`);
  const ttl = { ttl: 3600 };
  await compare(
    'hit through the decorator, in memory',
    [
      { name: 'getOrSet', call: (i) => cache.getOrSet(`user:${ids[i % 1000]}`, () => users, ttl) },
      { name: '@Cacheable with key', limit: 1.5, call: (i) => users.byKey(ids[i % 1000]) },
      { name: '@Cacheable by arguments', limit: 1.5, call: (i) => users.byArguments(ids[i % 1000]) },
    ].map((subject) => subject),
    { operations: 200_000 },
  );
  await app.close();
}
