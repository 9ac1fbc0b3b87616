import type { Server } from 'node:http';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { describeError } from '../logging/describe-error.ts';
import { ConfigError } from '../settings/config.ts';
import { type Listener, listen } from './listen.ts';
import { endOnUncaught } from './uncaught.ts';

export type RunOptions = {
  /** An address of this machine; `localhost` stands for 127.0.0.1 and ::1. */
  host: string;
  /** 0 means any free port. */
  port: number;
  /**
   * How long the service goes on after a stop signal, in milliseconds, so that clients learn of it: each answer says
   * `connection: close`. A connection that is used less often can be closed just when its next request comes.
   */
  drainMs: number;
  /** How long requests in flight may take after that, in milliseconds; then the process ends. */
  shutdownTimeoutMs: number;
};

const lookAgainMs = 100;
const maxTurns = 10_000;

/**
 * Listens, and stops cleanly: on SIGTERM or SIGINT the service becomes not ready, drains, requests in flight finish, `app`
 * closes with its onClose hooks, and the process exits with 0. A second signal or the timeout exits at once with 1, and
 * so does an error that nobody caught, with a log line. A port in use or a foreign address is one log line and exit
 * code 1.
 *
 * @throws {ConfigError} when the app cannot get ready because of a setting; startService explains it
 * @example
 * const { HOST: host, PORT: port, DRAIN_MS: drainMs, SHUTDOWN_TIMEOUT_MS: shutdownTimeoutMs } = config;
 * await runService(app, { host, port, drainMs, shutdownTimeoutMs });
 */
export async function runService(app: FastifyInstance, options: RunOptions): Promise<void> {
  const { host, port, drainMs, shutdownTimeoutMs } = options;
  endOnUncaught((thrown) => app.log.fatal({ err: thrown }, 'ended by an error that nobody caught'));
  const listening = listen(app, { host, port });
  stopOnSignal(app, { listening, drainMs, timeoutMs: shutdownTimeoutMs });
  try {
    await listening;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    app.log.fatal({ reason: reasonOf(error) }, explain(error, options));
    await app.close();
    process.exit(1);
  }
}

type StopOptions = { listening: Promise<Listener>; drainMs: number; timeoutMs: number };

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

async function stop(app: FastifyInstance, { listening, drainMs, timeoutMs }: StopOptions): Promise<void> {
  const timer = setTimeout(() => {
    app.log.error({ timeout_ms: timeoutMs }, 'requests did not finish in time: exiting');
    process.exit(1);
  }, drainMs + timeoutMs);
  timer.unref();
  try {
    app.lifecycle.drain();
    await delay(drainMs);
    await closeListener(app.server, { listener: await listening, lastRequestMs: drainMs / 2 });
    await app.close();
    app.log.info('stopped');
    process.exit(0);
  } catch (error) {
    app.log.error({ err: error }, 'stopping failed');
    process.exit(1);
  }
}

// http's own close() at once closes connections that wait for their next request, even if that is on its way: the
// client would see a reset. So stop accepting first, then close the connections that stay idle.
async function closeListener(
  server: Server,
  { listener, lastRequestMs }: { listener: Listener; lastRequestMs: number },
): Promise<void> {
  await untilBacklogIsEmpty(server);
  let isClosed = false;
  const closed = listener.close().then(() => {
    isClosed = true;
  });
  // Also for the request of a connection that was just accepted.
  await Promise.race([closed, delay(lastRequestMs)]);
  while (!isClosed) {
    // On a busy machine requests may have come that we have not read. A turn of the event loop reads them first.
    await nextTurn();
    server.closeIdleConnections();
    await Promise.race([closed, delay(lookAgainMs)]);
  }
}

// Closing the listener also resets connections that the kernel has accepted but we have not. After a turn of the event
// loop without a new connection, there are none.
async function untilBacklogIsEmpty(server: Server): Promise<void> {
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
  // Of several addresses, the system's error names the failed one.
  const { address = host } = error as { address?: string };
  const place = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const reason = reasonOf(error);
  if (reason === 'EADDRINUSE')
    return `${place} is in use: stop what listens there, or set PORT to another port`;
  if (reason === 'EADDRNOTAVAIL') return `${host} is not an address of this machine: set HOST to one`;
  if (reason === 'EACCES') return `not allowed to listen on ${place}: set PORT to 1024 or above`;
  return `cannot listen on ${place}: ${describeError(error).message}`;
}
