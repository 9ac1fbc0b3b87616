import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

export type LeashOptions = {
  /** Sent to the process when we have died. */
  signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
  /** A temporary folder to delete once the process is gone. */
  remove?: string;
};

// Reads which processes to watch until our pipe closes. The kernel closes it however we die, even by SIGKILL. POSIX sh
// only.
const script = `
watched=' '
while read -r verb pid signal remove; do
  case $verb in
    watch) watched="$watched$pid "; eval "signal_$pid=\\$signal remove_$pid=\\$remove" ;;
    release) case $watched in *" $pid "*) watched="\${watched%% $pid *} \${watched#* $pid }" ;; esac ;;
  esac
done
for pid in $watched; do
  eval "signal=\\$signal_$pid"
  kill -s "$signal" "$pid"
  # A frozen process reacts to no other signal.
  kill -s CONT "$pid"
done 2>/dev/null
for pid in $watched; do
  eval "remove=\\$remove_$pid"
  [ -n "$remove" ] || continue
  n=0
  while kill -0 "$pid" 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
  rm -rf -- "$remove"
done
`;

let watcher: Writable | undefined;

/**
 * Ties process `pid` to ours: if we end without calling the returned function, `pid` gets `signal`. So a crashed test
 * run or a `kill -9` leaves no servers behind. Costs one idle sh for all of them. Does nothing on Windows, which has no
 * sh.
 *
 * @example const release = leash(server.pid, { signal: 'SIGTERM' });
 */
export function leash(pid: number, { signal, remove = '' }: LeashOptions): () => void {
  if (process.platform === 'win32') return () => {};
  watcher ??= startWatcher();
  watcher.write(`watch ${pid} ${signal.slice(3)} ${remove}\n`);
  return () => watcher?.write(`release ${pid}\n`);
}

/** One for all, because to fork a process as large as a test worker takes 40 ms. */
function startWatcher(): Writable {
  const sh = spawn('/bin/sh', ['-c', script, 'leash'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  const forget = () => {
    watcher = undefined;
  };
  sh.on('error', forget);
  sh.on('exit', forget);
  sh.stdin.on('error', () => {});
  sh.unref();
  // The pipe must not keep our event loop alive: the leash exists for an end without release().
  (sh.stdin as unknown as { unref(): void }).unref();
  return sh.stdin;
}
