import { CodedError } from './coded-error.js';

class LeaseLostError extends CodedError {
  readonly code = 'LEASE_LOST';
  constructor(
    readonly key: string,
    options?: { cause?: unknown },
  ) {
    super(`the lease of ${key} is lost`, options);
  }
}

class ChildError extends LeaseLostError {}

describe('CodedError', () => {
  it('is an Error with the name of its class, a code and its fields', () => {
    const error = new LeaseLostError('user:1');
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(CodedError);
    expect(error).toMatchObject({ name: 'LeaseLostError', code: 'LEASE_LOST', key: 'user:1' });
    expect(String(error)).toBe('LeaseLostError: the lease of user:1 is lost');
  });

  it('takes the name of the class that was really constructed', () => {
    expect(new ChildError('k').name).toBe('ChildError');
  });

  it('has a name even when its class has none', () => {
    const Nameless = (() =>
      class extends CodedError {
        readonly code = 'X';
      })();
    expect(new Nameless('x').name).toBe('CodedError');
  });

  it('shows its name in the stack, which begins where it was constructed', () => {
    const lines = new LeaseLostError('k').stack!.split('\n');
    expect(lines[0]).toBe('LeaseLostError: the lease of k is lost');
    expect(lines[1]).toContain('coded-error.spec');
  });

  it('does not list its name among its own fields', () => {
    expect(Object.keys(new LeaseLostError('k')).sort()).toEqual(['code', 'key']);
  });

  it('keeps its cause, and has none when none was given', () => {
    const cause = new TypeError('below');
    expect(new LeaseLostError('k', { cause }).cause).toBe(cause);
    expect('cause' in new LeaseLostError('k')).toBe(false);
  });
});
