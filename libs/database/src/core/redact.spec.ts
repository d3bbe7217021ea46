import { redactAll } from './redact.js';

describe('parameters in a log', () => {
  it('are told by kind and length', () => {
    const values = ['secret', 42, 7n, true, null, undefined, new Date(0), Buffer.from('abc'), ['a', 'b'], { a: 1 }];
    expect(redactAll(values)).toEqual([
      ...['text(6)', 'number', 'bigint', 'boolean', 'null', 'undefined', 'date', 'bytes(3)', 'array(2)', 'json'],
    ]);
  });

  it('are not many, and may be none', () => {
    expect(redactAll(Array.from({ length: 25 }, (_, i) => i)).slice(19)).toEqual(['number', '… 5 more']);
    expect([redactAll(undefined), redactAll([])]).toEqual([[], []]);
  });
});
