import { spawn } from 'node:child_process';

export type LeashOptions = {
  /** Sent to the process when we have died. */
  signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
  /** A temporary folder to delete once the process is gone. */
  remove?: string;
};

// Blocks until the pipe from us is closed, which the kernel does however we die, SIGKILL included. POSIX sh only.
const script = `
read -r line
[ "$line" = released ] && exit 0
kill -s "$2" "$1" 2>/dev/null
# One that is frozen hears no other signal.
kill -s CONT "$1" 2>/dev/null
if [ -n "$3" ]; then
  n=0
  while kill -0 "$1" 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
  rm -rf -- "$3"
fi
`;

/**
 * Ties process `pid` to our own life: if we end without calling the returned function, `pid` gets `signal`. This is
 * what keeps a crashed test run or a `kill -9` from leaving servers behind. Costs one idle sh. On Windows, which has
 * no sh, it does nothing.
 *
 * @example const release = leash(server.pid, { signal: 'SIGTERM' });
 */
export function leash(pid: number, { signal, remove = '' }: LeashOptions): () => void {
  if (process.platform === 'win32') return () => {};
  const watcher = spawn('/bin/sh', ['-c', script, 'leash', String(pid), signal.slice(3), remove], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  watcher.on('error', () => {});
  watcher.stdin.on('error', () => {});
  watcher.unref();
  // The pipe must not keep our own event loop alive: ending without release() is what the leash is for.
  (watcher.stdin as unknown as { unref(): void }).unref();
  return () => watcher.stdin.end('released\n');
}
