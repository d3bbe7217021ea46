import { join } from 'node:path';
import { typeCheck } from '../support/type-check.js';
import { type Block, readPages, ROOT } from './page.js';
import { PREAMBLE } from './preamble.js';
import { promised, runBlock } from './run-block.js';

const blocks = readPages().flatMap((page) => page.blocks);

/**
 * LangChain declares its classes once for each kind of module, and they do not fit each other. Our sources are CommonJS, and so is what
 * extends one of them; whoever installs the package has it in both kinds.
 */
const endingOf = (code: string): string => (code.includes('@mobius1/cache/langchain') ? 'cts' : 'mts');

/** Each block is a module of its own: it names what it imports. */
function problemsOf(checked: readonly Block[]): string[] {
  const paths = checked.map(({ code }, i) => join(ROOT, 'docs', `block-${i}.${endingOf(code)}`));
  const files = new Map(checked.map(({ code }, i) => [paths[i] ?? '', `${code}\nexport {};\n`]));
  files.set(join(ROOT, 'docs/preamble.d.ts'), PREAMBLE);
  return typeCheck([], files).map(({ file, line, message }) => {
    return `${checked[paths.indexOf(file)]?.place ?? 'preamble'}, line ${line} of the block: ${message}`;
  });
}

describe('the code in the documentation', () => {
  it('compiles in strict mode', () => {
    expect(blocks.length).toBeGreaterThan(2);
    expect(problemsOf(blocks)).toEqual([]);
  });

  it('would not compile with a mistake', () => {
    const mistaken = { place: 'page:1 (heading)', runs: false, code: "await cache.set('k', 1, { tll: 5 });" };
    expect(problemsOf([mistaken])).toEqual([expect.stringMatching(/^page:1 \(heading\), line 1 of the block: .*tll/)]);
  });

  it('promises output only where it runs', () => {
    const silent = blocks.filter(({ runs, code }) => runs !== promised(code).length > 0);
    expect(silent.map(({ place }) => place)).toEqual([]);
  });

  for (const { place, code } of blocks.filter(({ runs }) => runs)) {
    it(`does what it says: ${place}`, async () => {
      expect(await runBlock(code)).toEqual({ lines: promised(code), stderr: '', code: 0 });
    });
  }
});
