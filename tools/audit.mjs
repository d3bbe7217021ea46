// `npm run audit`: what is known to be unsafe in the packages of the lock file, as `npm audit` knows it.
//
// Fails at each advisory whose id does not stand in docs/packages.md, with the reason why it does not concern us. A registry that
// answers no audits, a mirror for one, is said and is no failure; with `--required` it is.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const PAGE = 'docs/packages.md';
const required = process.argv.includes('--required');

const { stdout, error } = spawnSync('npm', ['audit', '--json'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  shell: process.platform === 'win32',
});
const report = parse(stdout);

if (report?.vulnerabilities === undefined) {
  const reason = report?.message ?? report?.error?.summary ?? error?.message ?? 'no answer';
  console.error(`Nothing was audited, the registry does not answer audits: ${reason}`);
  process.exitCode = required ? 1 : 0;
} else {
  const advisories = advisoriesOf(report);
  const page = readFileSync(PAGE, 'utf8');
  const open = advisories.filter(({ id }) => !page.includes(id));
  for (const { id, name, range, severity, title } of advisories) {
    console.log(
      `${open.some((one) => one.id === id) ? 'open' : 'explained'}: ${id} (${severity}) ${name} ${range}: ${title}`,
    );
  }
  console.log(
    `packages: ${report.metadata.dependencies.total}, advisories: ${advisories.length}, open: ${open.length}`,
  );
  if (open.length > 0)
    console.error(`Update the packages, or say in ${PAGE} beside the id why it does not concern us.`);
  process.exitCode = open.length > 0 ? 1 : 0;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // npm itself did not start.
  }
}

/** Each advisory once. A package that is unsafe only for what it depends on names that package, and has no advisory of its own. */
function advisoriesOf({ vulnerabilities }) {
  const found = new Map();
  for (const { via } of Object.values(vulnerabilities)) {
    for (const { url, name, range, severity, title } of via.filter((cause) => typeof cause === 'object')) {
      const id = url.split('/').at(-1);
      found.set(id, { id, name, range, severity, title });
    }
  }
  return [...found.values()];
}
