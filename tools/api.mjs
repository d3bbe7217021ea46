// `npm run api:check` compares the public API of every entry with its report in etc/api, and ends with 1 when one differs;
// `npm run api` writes the reports anew.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { assemble } from './packages/assemble.mjs';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const { entries } = createRequire(import.meta.url)('./entries.cjs');
const reports = join(root, 'etc/api');
const fresh = join(root, 'dist/api');

/** The `code` of an error is its own documentation. */
const ERROR_CODE = /^Missing documentation for "code"/;

const { values } = parseArgs({ options: { check: { type: 'boolean' } } });
const out = join(root, 'dist/packages');
assemble({ root, out, entries });
mkdirSync(reports, { recursive: true });
const problems = [...entries.flatMap(report), ...withoutEntry()];
for (const problem of problems) console.error(problem);
if (problems.length > 0) console.error('\nWhen it is meant: npm run api, and commit etc/api.');
process.exitCode = problems.length > 0 ? 1 : 0;

/** `cache`, `cache-standalone`. */
function nameOf({ library, subpath }) {
  return `${library}${subpath.slice(1).replaceAll('/', '-')}`;
}

function report(entry) {
  const projectFolder = join(out, entry.library);
  const name = nameOf(entry);
  const none = { logLevel: ExtractorLogLevel.None };
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: join(projectFolder, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder,
      mainEntryPointFilePath: join(projectFolder, 'esm', `${entry.module}.d.ts`),
      compiler: { overrideTsconfig: tsconfig(entry) },
      apiReport: { enabled: true, reportFolder: reports, reportTempFolder: fresh, reportFileName: name },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        // Our comments are read by people and by TypeDoc, which know more tags than TSDoc.
        tsdocMessageReporting: { default: none },
        extractorMessageReporting: { default: none, 'ae-undocumented': { logLevel: ExtractorLogLevel.Error } },
      },
    },
  });
  const found = [];
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: !values.check,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel !== ExtractorLogLevel.Error || ERROR_CODE.test(message.text)) return;
      const { sourceFilePath, sourceFileLine, text } = message;
      const file =
        sourceFilePath === undefined ? '' : ` (${relative(projectFolder, sourceFilePath)}:${sourceFileLine})`;
      found.push(`${entry.name}: ${text}${file}`);
    },
  });
  if (values.check && apiReportChanged) {
    found.push(`${entry.name} differs: diff ${relative(root, join(reports, name))}.api.md ${relative(root, fresh)}`);
  }
  return found;
}

function tsconfig({ library, module }) {
  return {
    compilerOptions: {
      ...{ module: 'nodenext', target: 'es2022', lib: ['es2023'], strict: true, skipLibCheck: true, types: ['node'] },
      typeRoots: [join(root, 'node_modules/@types')],
    },
    files: [join(out, library, 'esm', `${module}.d.ts`)],
  };
}

/** Reports of entries that are no more. */
function withoutEntry() {
  const known = entries.map((entry) => `${nameOf(entry)}.api.md`);
  const left = readdirSync(reports).filter((file) => !known.includes(file));
  if (!values.check) for (const file of left) rmSync(join(reports, file));
  return values.check ? left.map((file) => `etc/api/${file} is of no entry`) : [];
}
