import { spawn } from 'node:child_process';

export type LeashOptions = {
  /** Sent to the process when we have died. */
  signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
  /** A temporary folder to delete once the process is gone. */
  remove?: string;
};

// Blocks until our pipe closes. The kernel closes it however we die, even by SIGKILL. POSIX sh only.
const script = `
read -r line
[ "$line" = released ] && exit 0
kill -s "$2" "$1" 2>/dev/null
# A frozen process reacts to no other signal.
kill -s CONT "$1" 2>/dev/null
if [ -n "$3" ]; then
  n=0
  while kill -0 "$1" 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
  rm -rf -- "$3"
fi
`;

/**
 * Ties process `pid` to ours: if we end without calling the returned function, `pid` gets `signal`. So a crashed test
 * run or a `kill -9` leaves no servers behind. Costs one idle sh. Does nothing on Windows, which has no sh.
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
  // The pipe must not keep our event loop alive: the leash exists for an end without release().
  (watcher.stdin as unknown as { unref(): void }).unref();
  return () => watcher.stdin.end('released\n');
}
