import { type OptionCheck } from '@mobius1/kernel';
import type { KeyPart } from '../features/manager/cache-keys.js';
import type { ModelControls } from '../features/model/model-types.js';

/** How the cache is used for a question, as far as it is data. */
export type CacheControls = Omit<ModelControls, 'staleIf'>;

/** Whose answer it is: the same for all, or found out for each. */
export type WorkspaceOf<Args extends readonly unknown[] = []> = KeyPart | ((...args: Args) => KeyPart | undefined);

const DURATIONS = ['ttl', 'maxAge', 'staleWhileRevalidate', 'staleIfError'] as const;
const SWITCHES = ['noCache', 'noStore', 'onlyIfCached'] as const;

export const CONTROL_NAMES: readonly string[] = [...DURATIONS, ...SWITCHES, 'onLeaderFailure'];

/** Records what is wrong with controls of unknown origin. */
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

/** The controls of `over` where it says something, else those of `under`. */
export function mergeControls(under: CacheControls, over: CacheControls): CacheControls {
  const said = CONTROL_NAMES.flatMap((name) => {
    const value = over[name as keyof CacheControls] ?? under[name as keyof CacheControls];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(said);
}
