import { Program } from '../../support/program.js';
import { uniquePrefix } from '../../support/unique-prefix.js';

const PROCESSES = 4;
const CALLERS = 25;

describe('processes that ask one model', () => {
  const programs: Program[] = [];
  beforeAll(async () => {
    const env = { REDIS_URL: process.env.TEST_REDIS_URL ?? '', PREFIX: uniquePrefix() };
    const start = () => Program.start('test/integration/models/worker.ts', env);
    programs.push(...(await Promise.all(Array.from({ length: PROCESSES }, start))));
    await Promise.all(programs.map((program) => program.call('connect')));
  });
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.kill()));
  });

  it('cause one inference for a hundred equal questions at the same time (G6, G18)', async () => {
    for (const input of ['first', 'second', 'third']) {
      const results = (await Promise.all(programs.map((one) => one.call('ask', CALLERS, input)))) as {
        inferences: number;
        outputs: string[];
      }[];
      expect(results.reduce((sum, { inferences }) => sum + inferences, 0)).toBe(1);
      expect(new Set(results.flatMap(({ outputs }) => outputs))).toEqual(new Set([`to ${input}`]));
    }
  });
});
