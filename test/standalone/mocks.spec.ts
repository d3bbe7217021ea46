import { cacheManager, closeCache } from '@mobius1/cache/standalone';

afterEach(closeCache);

it('the cache of a process can be mocked, one method at a time, and put back', async () => {
  const get = jest.spyOn(cacheManager, 'get').mockResolvedValue('mocked');
  await cacheManager.set('k', 'real');
  expect(await cacheManager.get('k')).toBe('mocked');
  get.mockRestore();
  expect(await cacheManager.get('k')).toBe('real');
});
