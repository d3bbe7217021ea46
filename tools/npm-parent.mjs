/** How soon it is noticed; nobody who stops a program waits for less. */
const LOOK_MS = 500;

/**
 * Calls `stop` when the npm that runs this script has been ended. npm hands SIGTERM on to the shell between itself and the script, and
 * the shell ends without telling anybody: that this process gets another parent is all there is to see. On Windows nothing is.
 *
 * @param {() => void} stop
 */
export function whenNpmEnds(stop) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    stop();
  }, LOOK_MS).unref();
}
