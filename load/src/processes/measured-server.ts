import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type MeasuredServerOptions = {
  /** The file that `node` runs. It calls `serveMeasured` once it is ready. */
  readonly script: URL;
  readonly args?: readonly string[];
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

export type MeasuredServer = AsyncDisposable & {
  /** Its origin, or the first one if it serves several. */
  readonly url: string;
  readonly urls: readonly string[];
  /** CPU time that the process has used so far, in all its threads, in seconds. */
  cpuSeconds(): Promise<number>;
};

const startWithinMs = 60_000;
const stopWithinMs = 5000;

/**
 * Runs a server in a process of its own, so that its cost is separate from the cost of measuring it.
 *
 * @throws Error with what it wrote to standard error, when it ends; TimeoutError when it does not listen within 60 s
 * @example await using server = await startMeasuredServer({ script, args: ['none'], signal });
 */
export async function startMeasuredServer(options: MeasuredServerOptions): Promise<MeasuredServer> {
  const { script, args = [], env = {}, signal } = options;
  signal.throwIfAborted();
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', fileURLToPath(script), ...args],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
  );
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-2000);
  });
  const ended = new AbortController();
  for (const event of ['error', 'exit'])
    child.once(event, () => ended.abort(new Error(`A measured server ended: ${errors.trim() || event}`)));
  const asked = async (question: string | undefined, within: readonly AbortSignal[]): Promise<unknown> => {
    const until = AbortSignal.any([signal, ended.signal, ...within]);
    until.throwIfAborted();
    const answer = once(child, 'message', { signal: until });
    if (question !== undefined) child.send(question);
    try {
      const [message] = await answer;
      return message;
    } catch (error) {
      throw until.reason instanceof Error ? until.reason : error;
    }
  };
  try {
    const { urls } = (await asked(undefined, [AbortSignal.timeout(startWithinMs)])) as { urls: string[] };
    return {
      url: urls[0] ?? '',
      urls,
      async cpuSeconds() {
        const { user, system } = (await asked('cpu', [])) as NodeJS.CpuUsage;
        return (user + system) / 1e6;
      },
      [Symbol.asyncDispose]: () => stopChild(child),
    };
  } catch (error) {
    await stopChild(child);
    throw error;
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await exited;
  clearTimeout(timer);
}
