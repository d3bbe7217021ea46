import type { KeyPart } from '../features/manager/cache-keys.js';
import { type CacheControls, CONTROL_NAMES } from '../features/model/model-controls.js';

/** Whose answer it is: the same for all, or found out for each. */
export type WorkspaceOf<Args extends readonly unknown[] = []> = KeyPart | ((...args: Args) => KeyPart | undefined);

/** The controls of `over` where it says something, else those of `under`. */
export function mergeControls(under: CacheControls, over: CacheControls): CacheControls {
  const said = CONTROL_NAMES.flatMap((name) => {
    const value = over[name as keyof CacheControls] ?? under[name as keyof CacheControls];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(said);
}
