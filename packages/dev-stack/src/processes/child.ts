import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { DevStackError } from '../errors.ts';
import { type LeashOptions, leash } from './leash.ts';

export type ChildOptions = {
  cwd?: string;
  env: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** File that receives stdout and stderr; emptied first, unless `append`. */
  logFile: string;
  append?: boolean;
  /** What to do with the child if this process dies without stopping it. */
  orphan: LeashOptions;
};

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type Child = {
  pid: number;
  /** Settles when the process has ended, in any way. */
  exited: Promise<Exit>;
  /** undefined while the process runs. */
  exit(): Exit | undefined;
  /** Sends `signal`, waits, and after `graceMs` sends SIGKILL. Resolves when the process has ended. */
  stop(signal: NodeJS.Signals, graceMs: number): Promise<Exit>;
  kill(): Promise<Exit>;
  /** Sends a signal without waiting. */
  send(signal: NodeJS.Signals): void;
};

const running = new Set<ChildProcess>();

/** Sends SIGKILL to all running children; for when there is no time to stop them. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Starts a program in its own session, so that Ctrl-C at the terminal reaches only us and we decide the order of
 * stopping. A leash ends the program if we are killed. Its output goes straight to a file, which outlives us.
 *
 * @throws DevStackError when the program cannot be started at all
 * @example const child = await startChild('redis-server', ['--port', '0'], { env, logFile, orphan: { signal: 'SIGTERM' } });
 */
export async function startChild(command: string, args: string[], options: ChildOptions): Promise<Child> {
  const { cwd, env, uid, gid, logFile, append, orphan } = options;
  const log = openSync(logFile, append === true ? 'a' : 'w', 0o600);
  let child: ChildProcess;
  let release = (): void => {};
  try {
    child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      env,
      stdio: ['ignore', log, log],
      detached: process.platform !== 'win32',
    });
    // At once: we may be killed while we wait for the event.
    if (child.pid !== undefined) release = leash(child.pid, orphan);
    await once(child, 'spawn').catch((error: NodeJS.ErrnoException) => {
      throw new DevStackError(`${command} cannot be started (${error.code ?? error.message}).`, {
        cause: error,
      });
    });
  } finally {
    closeSync(log);
  }
  const pid = child.pid as number;
  running.add(child);
  let exit: Exit | undefined;
  const exited = once(child, 'exit').then(([code, signal]): Exit => {
    release();
    running.delete(child);
    exit = { code, signal };
    return exit;
  });
  const end = async (signal: NodeJS.Signals, graceMs: number): Promise<Exit> => {
    if (exit !== undefined) return exit;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    return await exited.finally(() => clearTimeout(timer));
  };
  return {
    pid,
    exited,
    exit: () => exit,
    stop: end,
    kill: () => end('SIGKILL', 1_000),
    send: (signal) => void child.kill(signal),
  };
}

/**
 * Waits until a child has ended. Once the signal is aborted, which it may be already, calls `end` and waits for that.
 *
 * @throws the signal's reason
 * @example const { code } = await exitOf(child, { signal, end: () => child.kill() });
 */
export async function exitOf(
  child: Child,
  { signal, end }: { signal: AbortSignal | undefined; end: () => unknown },
): Promise<Exit> {
  const abort = () => void end();
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  const exit = await child.exited;
  signal?.removeEventListener('abort', abort);
  signal?.throwIfAborted();
  return exit;
}
