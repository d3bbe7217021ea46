import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** What publint says about a package: fields of its package.json that do not fit its files. @returns {Promise<string[]>} */
export async function lintPackage({ folder }) {
  const { messages } = await publint({ pkgDir: folder, pack: false, level: 'warning', strict: true });
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return messages.map((message) => formatMessage(message, manifest, { color: false }) ?? message.code);
}

/** What @arethetypeswrong/cli says about an archive: for each way to import it, whether the types are those of the code. */
export function checkTypes({ path, root }) {
  const cli = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, path, '--no-color', '--no-emoji', '-f', 'table-flipped'],
    {
      encoding: 'utf8',
    },
  );
  return status === 0 ? [] : [`${stdout}${stderr}`];
}
