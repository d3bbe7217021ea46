// A server started by a process that is then killed with SIGKILL would live on: nobody is left to stop it.
// The guard is a shell that waits on a pipe whose other end only that process holds. When the process dies, however it
// dies, the kernel closes the pipe, `read` returns, and the shell ends the server. Its own session keeps it out of the
// reach of Ctrl-C and of signals to the process group.
const { spawn } = require('node:child_process');

/** How long the server may take to follow the first signal, in tenths of a second, before SIGKILL. */
const PATIENCE = 100;

// $1 pid, or with a minus before it a process group; $2 signal, $3 directory to remove or ''
const SCRIPT = `
read -r _
kill -s "$2" -- "$1" 2>/dev/null
tries=0
while kill -0 -- "$1" 2>/dev/null && [ "$tries" -lt ${PATIENCE} ]; do sleep 0.1; tries=$((tries + 1)); done
kill -s KILL -- "$1" 2>/dev/null
[ -n "$3" ] && rm -rf -- "$3"
`;

/**
 * Ends process `pid` (`-pid`: its group) when the calling process dies without having called `release()`.
 * On Windows, which has no `sh`, it does nothing.
 */
function guardOrphan({ pid, signal = 'KILL', directory = '' }) {
  if (process.platform === 'win32') return { release() {} };
  const shell = spawn('sh', ['-c', SCRIPT, 'sh', String(pid), signal, directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  shell.stdin.unref();
  return { release: () => void shell.kill('SIGKILL') };
}

module.exports = { guardOrphan };
