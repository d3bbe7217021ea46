/** Ends process `pid` (`-pid`: its group) when the calling process dies without having called `release()`. */
export function guardOrphan(options: {
  pid: number;
  /** Name without SIG. @default 'KILL' */
  signal?: 'KILL' | 'INT' | 'TERM';
  /** Removed after the process has ended. */
  directory?: string;
}): { release(): void };
