/** Does something for every item, this many at a time; how often it came out well. The rest get their turn beside it. */
export async function fewAtATime<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<boolean>,
): Promise<number> {
  let done = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) if (await work(items[next++] as T)) done++;
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return done;
}
