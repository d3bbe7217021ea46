import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');
const PAIRS = 'test/support/fixtures/semantic-pairs.jsonl';

/** Runs the program as `npm run semantic:evaluate` does. */
function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['tools/semantic-evaluate.mjs', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, NODE_ENV: 'test' },
  });
  return { status, stdout, stderr };
}

describe('npm run semantic:evaluate', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mobius-pairs-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  afterAll(() => rmSync(directory, { recursive: true }));

  it('prints rates and intervals for each threshold', () => {
    const { status, stdout } = run(PAIRS, '--thresholds', '0.8,0.9');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^30 pairs, 14 of them mean the same\. Embedder: ngrams/);
    expect(stdout).toMatch(/^0\.80 +\d+\.\d % \(\d+\.\d–\d+\.\d\) +\d+\.\d % \(\d+\.\d–\d+\.\d\) +\d+$/m);
    expect(stdout).toMatch(/^0\.90 /m);
  });

  it('shows what the gate is good for', () => {
    const rate = (...args: string[]): number => {
      const { rows } = JSON.parse(run(PAIRS, '--json', '--thresholds', '0.8', ...args).stdout) as {
        rows: { falseHitRate: number }[];
      };
      return rows[0]?.falseHitRate ?? NaN;
    };
    expect(rate('--no-gate')).toBeGreaterThan(2 * rate());
  });

  it('takes an embedder of yours', () => {
    const flat = 'export const embedder = () => ({ id: "flat", dimensions: 1, embed: () => [1] });';
    const { stdout, status } = run(PAIRS, '--embedder', file('flat.mjs', flat), '--thresholds', '1');
    expect(stdout).toMatch(/Embedder: flat/);
    expect(status).toBe(0);
  });

  it('says what it takes', () => {
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--embedder MODULE') });
  });

  it.each<[string, string[], RegExp]>([
    [
      'lines',
      [file('bad.jsonl', '{"a":"x","b":"y","same":true}\n{\n{"a":1}\n')],
      /^CACHE_SEMANTIC_PAIRS: 2 lines[^]*line 2: [^]*line 3: /,
    ],
    ['a file that is not there', ['nowhere.jsonl'], /^nowhere\.jsonl cannot be read: ENOENT/],
    ['no file', [], /^Name one file/],
    ['an option it does not know', [PAIRS, '--treshold', '1'], /treshold/],
    ['numbers that are none', [PAIRS, '--thresholds', '0.8,x'], /--thresholds takes numbers from -1 to 1, not "x"/],
    ['an embedder that is none', [PAIRS, '--embedder', file('none.mjs', 'export default {};')], /exports no embedder/],
    [
      'a module that fails',
      [PAIRS, '--embedder', file('bad.mjs', 'throw new Error("boom");')],
      /cannot be loaded:\nboom/,
    ],
    [
      'an embedder that fails',
      [PAIRS, '--embedder', file('nan.mjs', 'export default { id: "n", dimensions: 2, embed: () => [NaN, 1] };')],
      /^CACHE_EMBEDDING: /,
    ],
  ])('ends with 1 for %s', (_, args, message) => {
    expect(run(...args)).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(message) });
  });
});
