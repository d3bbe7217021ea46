import 'reflect-metadata';
import { verify } from '../nest/verify.js';

it('an application under ts-jest caches, invalidates, limits and tells its health', async () => {
  await verify();
}, 30_000);
