import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

export interface RunOptions {
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** How long requests in flight may take after a stop signal, in milliseconds, before the process ends regardless. */
  shutdownTimeoutMs: number;
}

// Long enough for each busy keep-alive connection to carry one more answer, which says `connection: close`.
const drainMs = 250;

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
  stopOnSignal(app, shutdownTimeoutMs);
  try {
    // The one line that says where; fastify's own would repeat it for each address.
    const address = await app.listen({ host, port, listenTextResolver: (found) => `listening on ${found}` });
    app.log.debug({ address }, 'started');
  } catch (error) {
    app.log.fatal({ reason: reasonOf(error) }, explain(error, options));
    await app.close();
    process.exit(1);
  }
}

function stopOnSignal(app: FastifyInstance, timeoutMs: number): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) {
      app.log.warn({ signal }, 'second signal: exiting at once');
      process.exit(1);
    }
    stopping = true;
    app.log.info({ signal }, 'stopping');
    void stop(app, timeoutMs);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

async function stop(app: FastifyInstance, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => {
    app.log.error({ timeout_ms: timeoutMs }, 'requests did not finish in time: exiting');
    process.exit(1);
  }, timeoutMs);
  timer.unref();
  try {
    app.lifecycle.draining = true;
    await delay(Math.min(drainMs, timeoutMs / 2));
    await app.close();
    app.log.info('stopped');
    process.exit(0);
  } catch (error) {
    app.log.error({ err: error }, 'stopping failed');
    process.exit(1);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

function explain(error: unknown, { host, port }: RunOptions): string {
  const place = `${host}:${port}`;
  const reason = reasonOf(error);
  if (reason === 'EADDRINUSE')
    return `${place} is in use: stop what listens there, or set PORT to another port`;
  if (reason === 'EADDRNOTAVAIL') return `${host} is not an address of this machine: set HOST to one`;
  if (reason === 'EACCES') return `not allowed to listen on ${place}: set PORT to 1024 or above`;
  return `cannot listen on ${place}: ${error instanceof Error ? error.message : String(error)}`;
}
