import { evaluate, PairsError, readPairs } from './evaluate.js';
import { Gate } from './gate.js';

const line = (a: string, b: string, same: boolean): string => JSON.stringify({ a, b, same });
/** The similarity of two texts is the cosine of the angle between their lengths, in degrees. */
const embedder = {
  id: 'angles',
  dimensions: 2,
  embed: (text: string) => [Math.cos((text.length * Math.PI) / 180), Math.sin((text.length * Math.PI) / 180)],
};
const options = { embedder, gate: new Gate(), thresholds: [0.5, 0.99], confidence: 0.95 };

describe('the evaluation of judged pairs', () => {
  it('reads lines, and names those that are no pairs', () => {
    expect(readPairs(`${line('x', 'y', true)}\n\n${line('x', 'z', false)}\r\n`)).toHaveLength(2);
    const bad = [
      line('x', 'y', true),
      '{',
      '[]',
      '7',
      '{"a":"x"}',
      '{"a":"x","b":"y"}',
      '{"a":" ","b":"y","same":true}',
    ];
    expect.assertions(4);
    try {
      readPairs(bad.join('\n'));
    } catch (error) {
      expect(error).toBeInstanceOf(PairsError);
      expect(error).toMatchObject({
        code: 'CACHE_SEMANTIC_PAIRS',
        problems: [
          'line 2: it is not JSON',
          'line 3: "a" has to be a text',
          'line 4: it is not an object',
          'line 5: "b" has to be a text',
          'line 6: "same" has to be true or false',
          'line 7: "a" has to be a text',
        ],
      });
    }
    expect(() => readPairs('\n')).toThrow(/there is none/);
  });

  it('tells hits, wrong hits, and what the gate does, for each threshold', async () => {
    const pairs = readPairs(
      [
        line('aaaa', 'aaaaa', true),
        line('aaaa', `aaaa${'a'.repeat(40)}`, true),
        line('bbbb', 'bbbbb', false),
        line('open 3 days', 'open 4 days', false),
        line('the first', 'the 1st', true),
      ].join('\n'),
    );
    const evaluation = await evaluate(pairs, options);
    expect(evaluation).toMatchObject({ pairs: 5, same: 3, stopped: 1, lost: 1 });
    expect(evaluation.rows).toMatchObject([
      { threshold: 0.5, hits: 3, hitRate: 2 / 3, falseHitRate: 1 / 3 },
      { threshold: 0.99, hits: 2, hitRate: 1 / 3, falseHitRate: 1 / 2 },
    ]);
    expect(evaluation.rows[0]?.falseInterval).toEqual({
      low: expect.closeTo(0.0084, 3),
      high: expect.closeTo(0.9057, 3),
    });
    const open = await evaluate(pairs, { ...options, gate: undefined });
    expect(open).toMatchObject({ stopped: 0, lost: 0, rows: [{ hits: 5, falseHitRate: 2 / 5 }, {}] });
  });

  it('is certain of nothing without hits', async () => {
    const evaluation = await evaluate(readPairs(line('a 1', 'a 2', false)), options);
    expect(evaluation.rows[0]).toMatchObject({
      hits: 0,
      hitRate: 0,
      falseHitRate: 0,
      falseInterval: { low: 0, high: 1 },
    });
  });
});
