// How many loads do many callers on one cold key cause?

const CALLERS = 500;

export async function coldKey({ CacheInstance, url, prefix }) {
  const instance = new CacheInstance({ redis: { url, keyPrefix: prefix, commandTimeout: 5_000 } });
  await instance.connect();
  let loads = 0;
  const load = async () => {
    loads += 1;
    return { id: 1 };
  };
  await Promise.all(Array.from({ length: CALLERS }, () => instance.manager.getOrSet('cold', load, { ttl: 60 })));
  await instance.close();
  return [{ title: 'Callers on one cold key', rows: [{ callers: CALLERS, loads, goal: 1 }] }];
}
