import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export type MeasuredServerOptions = {
  /** The file that `node` runs. It writes "listening on <address>" once it does. */
  readonly script: URL;
  readonly args?: readonly string[];
  /** Default our own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Receives all that it writes. */
  readonly logFile: string;
  readonly signal: AbortSignal;
};

export type MeasuredServer = AsyncDisposable & {
  /** Its origin. */
  readonly url: string;
  /** CPU time that the process has used so far, in all its threads, in seconds. */
  cpuSeconds(): Promise<number>;
};

const probe = new URL('./probe.ts', import.meta.url);
const startWithinMs = 30_000;

/**
 * Runs a server in a process of its own, so that it and the client that measures it have a core each.
 *
 * @throws Error with the last lines of its output when it ends, or stays silent, before it listens
 * @example await using server = await startMeasuredServer({ script, logFile, signal });
 */
export async function startMeasuredServer(options: MeasuredServerOptions): Promise<MeasuredServer> {
  const { script, args = [], env = process.env, logFile, signal } = options;
  signal.throwIfAborted();
  // Straight to a file: through a pipe, reading its log would cost us the time in which we measure.
  const log = openSync(logFile, 'w');
  const flags = ['--disable-warning=ExperimentalWarning', '--import', probe.href];
  const child = spawn(process.execPath, [...flags, fileURLToPath(script), ...args], {
    env,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const ended = new AbortController();
  for (const event of ['error', 'exit'])
    child.once(event, () => ended.abort(new Error(`A server ended; see ${logFile}`)));
  try {
    return {
      url: await untilListening(logFile, AbortSignal.any([signal, ended.signal])),
      async cpuSeconds() {
        const answer = once(child, 'message', { signal: AbortSignal.any([signal, ended.signal]) });
        child.send('cpu');
        const [{ user, system }] = (await answer) as [NodeJS.CpuUsage];
        return (user + system) / 1e6;
      },
      [Symbol.asyncDispose]: () => stopChild(child),
    };
  } catch (error) {
    await stopChild(child);
    throw error;
  }
}

async function untilListening(logFile: string, ended: AbortSignal): Promise<string> {
  for (const giveUpAt = Date.now() + startWithinMs; ; await sleep(20)) {
    const output = readFileSync(logFile, 'utf8');
    const address = /listening on (http:\/\/[^\s"]+)/.exec(output)?.[1];
    if (address !== undefined) return address;
    if (!ended.aborted && Date.now() < giveUpAt) continue;
    const lastLines = output.trim().split('\n').slice(-15).join('\n');
    throw new Error(`A server did not start: ${lastLines}`, { cause: ended.reason });
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exited;
  clearTimeout(timer);
}
