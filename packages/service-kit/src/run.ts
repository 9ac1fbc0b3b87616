import type { Server } from 'node:http';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { describeError } from './describe-error.ts';
import { type Listener, listen } from './listen.ts';

export interface RunOptions {
  /** An address of this machine; `localhost` stands for 127.0.0.1 and ::1. */
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** How long requests in flight may take after a stop signal, in milliseconds, before the process ends regardless. */
  shutdownTimeoutMs: number;
}

// Long enough for each busy keep-alive connection to carry one more answer, which says `connection: close`.
const drainMs = 250;
// Long enough for a connection that was just accepted to bring its request.
const lastRequestMs = 100;
const maxTurns = 10_000;

/**
 * Listens, and sees to a clean end: SIGTERM or SIGINT makes the service not ready, lets requests in flight finish,
 * closes `app` (and with it whatever its onClose hooks own), then exits with 0. A second signal, or the timeout, exits
 * at once with 1. A port in use or an address that is not ours is one line on the log and exit code 1.
 *
 * @example
 * await runService(app, { host: config.HOST, port: config.PORT, shutdownTimeoutMs: config.SHUTDOWN_TIMEOUT_MS });
 */
export async function runService(app: FastifyInstance, options: RunOptions): Promise<void> {
  const { host, port, shutdownTimeoutMs } = options;
  const listening = listen(app, { host, port });
  stopOnSignal(app, { listening, timeoutMs: shutdownTimeoutMs });
  try {
    await listening;
  } catch (error) {
    app.log.fatal({ reason: reasonOf(error) }, explain(error, options));
    await app.close();
    process.exit(1);
  }
}

type StopOptions = { listening: Promise<Listener>; timeoutMs: number };

function stopOnSignal(app: FastifyInstance, options: StopOptions): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) {
      app.log.warn({ signal }, 'second signal: exiting at once');
      process.exit(1);
    }
    stopping = true;
    app.log.info({ signal }, 'stopping');
    void stop(app, options);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

async function stop(app: FastifyInstance, { listening, timeoutMs }: StopOptions): Promise<void> {
  const timer = setTimeout(() => {
    app.log.error({ timeout_ms: timeoutMs }, 'requests did not finish in time: exiting');
    process.exit(1);
  }, timeoutMs);
  timer.unref();
  try {
    app.lifecycle.drain();
    await delay(drainMs);
    await closeListener(app.server, await listening);
    await app.close();
    app.log.info('stopped');
    process.exit(0);
  } catch (error) {
    app.log.error({ err: error }, 'stopping failed');
    process.exit(1);
  }
}

// http's own close() hangs up at once on connections that wait for their next request, also when that is on its way:
// the client would see a reset. So stop accepting first, and hang up on those that stay idle afterwards.
async function closeListener(server: Server, listener: Listener): Promise<void> {
  await untilNobodyKnocks(server);
  const closed = listener.close();
  await Promise.race([closed, delay(lastRequestMs)]);
  server.closeIdleConnections();
  const closeIdle = setInterval(() => server.closeIdleConnections(), lastRequestMs);
  await closed;
  clearInterval(closeIdle);
}

// Closing the listener also resets connections that the kernel has taken for us and we have not. Right after a turn of
// the event loop that brought none, there are none.
async function untilNobodyKnocks(server: Server): Promise<void> {
  let knocked = false;
  const onConnection = (): void => {
    knocked = true;
  };
  server.on('connection', onConnection);
  for (let turn = 0; turn < maxTurns; turn += 1) {
    knocked = false;
    await nextTurn();
    if (!knocked) break;
  }
  server.off('connection', onConnection);
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

function explain(error: unknown, { host, port }: RunOptions): string {
  // Of two addresses the system says which one it was.
  const { address = host } = error as { address?: string };
  const place = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const reason = reasonOf(error);
  if (reason === 'EADDRINUSE')
    return `${place} is in use: stop what listens there, or set PORT to another port`;
  if (reason === 'EADDRNOTAVAIL') return `${host} is not an address of this machine: set HOST to one`;
  if (reason === 'EACCES') return `not allowed to listen on ${place}: set PORT to 1024 or above`;
  return `cannot listen on ${place}: ${describeError(error).message}`;
}
