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
  app.useLogger(false);
  await app.init();
  const cache = app.get(CacheManagerService);
  const users = app.get(UsersService);
  const ids = Array.from({ length: 1_000 }, (_, i) => `id-${i}`);
  const load = async () => ids;
  const subjects = [
    { name: 'getOrSet', call: (i) => cache.getOrSet(`user:${ids[i % 1000]}`, load, { ttl: 3600 }) },
    { name: '@Cacheable with a key', goal: 1.5, call: (i) => users.byKey(ids[i % 1000]) },
    { name: '@Cacheable by its arguments', call: (i) => users.byArguments(ids[i % 1000]) },
  ];
  const table = await compare('Hit through a decorator, in memory', subjects, { operations: 200_000 });
  await app.close();
  return [table];
}
