import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevStackError, explainText } from '../errors.ts';
import { type Child, type Exit, startChild } from '../processes/child.ts';
import type { ServiceDefinition } from './definitions.ts';
import { originAt } from './environment.ts';
import { lastComplaint, lastFault, logSince } from './log.ts';

export type ServiceOptions = {
  /** By which we reach it. Default 127.0.0.1. */
  host?: string;
  port: number;
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Called when the service ends by itself after it was ready. */
  onCrash?: ((message: string) => void) | undefined;
};

export type Service = {
  url: string;
  audience: string;
  docsUrl: string;
  /** undefined while it is stopped. */
  readonly pid: number | undefined;
  /** Starts the service and waits until it reports that it is ready. Its log is continued. */
  start(signal?: AbortSignal): Promise<void>;
  /** Changes settings of the next start. */
  configure(settings: NodeJS.ProcessEnv): void;
  /** SIGTERM: requests in flight finish. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** The service's whole log since the stack started. */
  logs(): string;
};

// A service gives requests in flight 10 s. After that and a margin, it will not end by itself.
const stopMs = 15_000;
/** For an overloaded machine, too. A service that ends is noticed at once. */
const readyMs = 120_000;

/**
 * Creates a service as a child process that can be stopped, killed and restarted on the same port. Does not start it.
 */
export function createService(definition: ServiceDefinition, options: ServiceOptions): Service {
  const { host = '127.0.0.1', port, logFile, onCrash } = options;
  let { env } = options;
  const url = originAt(port, host);
  let child: Child | undefined;
  let expected = false;
  let append = false;

  const end = async (how: (running: Child) => Promise<Exit>): Promise<void> => {
    if (child === undefined) return;
    expected = true;
    await how(child);
    child = undefined;
  };

  return {
    url,
    audience: definition.name,
    docsUrl: `${url}/docs`,
    get pid() {
      return child?.exit() === undefined ? child?.pid : undefined;
    },
    start: async (signal) => {
      if (child !== undefined && child.exit() === undefined) return;
      expected = false;
      const args = ['--disable-warning=ExperimentalWarning', 'src/main.ts'];
      const { directory: cwd } = definition;
      const logFrom = append ? (statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) : 0;
      const started = await startChild(process.execPath, args, {
        cwd,
        env,
        logFile,
        append,
        orphan: { signal: 'SIGTERM' },
      });
      append = true;
      child = started;
      try {
        await untilReady(definition, {
          url,
          child: started,
          logFile,
          logFrom,
          ...(signal === undefined ? {} : { signal }),
        });
      } catch (error) {
        await end((running) => running.stop('SIGTERM', stopMs));
        throw error;
      }
      void started.exited.then((exit) => {
        if (!expected)
          onCrash?.(
            `${definition.name} ended (${describe(exit)}): ${lastFault(logFile, logFrom)} (${logFile})`,
          );
      });
    },
    configure(settings) {
      env = { ...env, ...settings };
    },
    stop: () => end((running) => running.stop('SIGTERM', stopMs)),
    kill: () => end((running) => running.kill()),
    logs: () => readFileSync(logFile, 'utf8'),
  };
}

/** The log of this start begins at `logFrom`. */
type Starting = { url: string; child: Child; logFile: string; logFrom: number; signal?: AbortSignal };

async function untilReady(
  { name }: ServiceDefinition,
  { url, child, logFile, logFrom, signal }: Starting,
): Promise<void> {
  let answer = 'no answer';
  for (const end = Date.now() + readyMs; Date.now() < end; await sleep(30)) {
    signal?.throwIfAborted();
    const exit = child.exit();
    if (exit !== undefined) {
      const reason = explainText(logSince(logFile, logFrom)) ?? lastFault(logFile, logFrom);
      throw new DevStackError(`${name} does not start (${describe(exit)}): ${reason} (log: ${logFile})`);
    }
    try {
      const { status, body } = await ask(`${url}/ready`);
      if (status === 200) return;
      answer = `${status} ${body.slice(0, 200)}`;
    } catch {
      // Not listening yet.
    }
  }
  const reason = lastComplaint(logFile, logFrom) ?? answer;
  throw new DevStackError(`${name} was not ready within ${readyMs / 1000} s (${reason}; log: ${logFile})`);
}

/** Uses its own agent: the process's agent and fetch may be configured to use a proxy. */
async function ask(url: string): Promise<{ status: number | undefined; body: string }> {
  const request = get(url, { agent: new Agent(), signal: AbortSignal.timeout(5_000) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}

function describe({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code ?? 'unknown'}` : signal;
}
