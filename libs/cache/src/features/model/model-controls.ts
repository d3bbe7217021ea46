import type { OptionCheck } from '@mobius1/kernel';
import type { ModelControls } from './model-types.js';

/** How the cache is used for a question, as far as it is data. */
export type CacheControls = Omit<ModelControls, 'staleIf'>;

const DURATIONS = ['ttl', 'maxAge', 'staleWhileRevalidate', 'staleIfError'] as const;
const SWITCHES = ['noCache', 'noStore', 'onlyIfCached'] as const;

export const CONTROL_NAMES: readonly string[] = [...DURATIONS, ...SWITCHES, 'onLeaderFailure'];

/** Records what is wrong with controls of unknown origin, each under `path` and its name. */
export function checkControls(check: OptionCheck, path: string, controls: CacheControls): void {
  for (const name of DURATIONS) {
    const value: unknown = controls[name];
    const none = value === 0 && name !== 'ttl';
    if (!none) check.durationMs(`${path}${name}`, value, 's');
  }
  for (const name of SWITCHES) check.boolean(`${path}${name}`, controls[name]);
  check.oneOf(`${path}onLeaderFailure`, controls.onLeaderFailure, ['fail', 'elect']);
}

/** Records a workspace that is none; one that is not said is none of its business. */
export function checkWorkspace(check: OptionCheck, path: string, workspace: unknown): void {
  if (workspace === undefined || workspace === '') {
    if (workspace === '') check.problem(path, 'an id', workspace);
    return;
  }
  if (!['string', 'number', 'bigint', 'function'].includes(typeof workspace))
    check.problem(path, 'an id, or a function that returns one', workspace);
}
