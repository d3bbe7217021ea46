// `npm run docs:api`: writes the reference of every public name to docs/api, one page per entry, from the comments in the code.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const { entries } = createRequire(import.meta.url)('./entries.cjs');

const application = await Application.bootstrapWithPlugins({
  name: 'Mobius cache',
  entryPoints: entries.map(({ source }) => join(root, source)),
  displayBasePath: join(root, 'libs'),
  tsconfig: join(root, 'tsconfig.json'),
  plugin: ['typedoc-plugin-markdown'],
  outputFileStrategy: 'modules',
  out: join(root, 'docs/api'),
  readme: 'none',
  excludePrivate: true,
  excludeInternal: true,
  disableSources: true,
  hidePageHeader: true,
  // The compiler, the linter and the API reports have checked the code.
  skipErrorChecking: true,
  validation: { invalidLink: true, notExported: false, notDocumented: false },
});
const project = await application.convert();
if (project !== undefined) {
  for (const module of project.children ?? []) {
    // TypeDoc names it after its file, `cache/src/testing` for libs/cache/src/testing/index.ts.
    const entry = entries.find(({ source }) => source.replace(/(\/index)?\.ts$/, '') === `libs/${module.name}`);
    module.name = entry?.name ?? module.name;
  }
  await application.generateOutputs(project);
}
process.exitCode = project === undefined || application.logger.hasErrors() ? 1 : 0;
