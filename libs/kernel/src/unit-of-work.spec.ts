import { noUnitOfWork } from './unit-of-work.js';

describe('noUnitOfWork', () => {
  it('is never active and cannot be made so', () => {
    expect(noUnitOfWork.active).toBe(false);
    expect(Object.isFrozen(noUnitOfWork)).toBe(true);
  });

  it('runs an effect at once', () => {
    const effect = jest.fn();
    expect(noUnitOfWork.afterCommit(effect)).toBeUndefined();
    expect(effect).toHaveBeenCalledTimes(1);
  });

  it('returns the promise of the effect itself', async () => {
    const promise = Promise.resolve();
    expect(noUnitOfWork.afterCommit(() => promise)).toBe(promise);
    await expect(noUnitOfWork.afterCommit(() => Promise.reject(new TypeError('lost')))).rejects.toThrow('lost');
  });

  it('passes on what the effect throws', () => {
    const effect = (): void => {
      throw new TypeError('broken');
    };
    expect(() => noUnitOfWork.afterCommit(effect)).toThrow('broken');
  });
});
