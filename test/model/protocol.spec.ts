import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

// The model of the coherence protocol, in its short form: where no counterexample is expected, the search ends after this
// many states. `node test/model/check.mjs` goes on to 150 000 or the end.
const STATES = process.env.MODEL_STATES ?? '4000';

describe('the coherence protocol, model-checked', () => {
  let lines: string[];

  beforeAll(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(__dirname, 'check.mjs'), '', STATES]).catch(
      (error: unknown) => error as { stdout: string },
    );
    lines = stdout.split('\n').filter((line) => /^(ok|ODD)/.test(line));
  }, 120_000);

  it('has no counterexample with all its rules', () => {
    const kept = lines.filter((line) => line.includes('all rules'));
    expect(kept.length).toBeGreaterThan(25);
    expect(kept.filter((line) => !line.startsWith('ok'))).toEqual([]);
  });

  it('breaks without any one of the rules', () => {
    expect(lines.filter((line) => line.startsWith('ok   breaks')).length).toBeGreaterThan(25);
    expect(lines.filter((line) => line.startsWith('ODD'))).toEqual([]);
  });
});
