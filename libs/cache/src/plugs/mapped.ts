/**
 * What comes out of an iterator, one by one made into something else. Not a generator: one that was not started yet does not pass on
 * that its reader left.
 */
export function mapped<A, B>(iterator: AsyncIterator<A>, map: (value: A) => B): AsyncIterableIterator<B> {
  return {
    async next() {
      const { done, value } = (await iterator.next()) as IteratorResult<A, undefined>;
      return done === true ? { done, value: undefined } : { done: false, value: map(value) };
    },
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
