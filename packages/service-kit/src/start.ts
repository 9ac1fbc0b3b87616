import { basename } from 'node:path';
import { ConfigError } from './config.ts';
import { isDatabaseUnavailable } from './database-errors.ts';
import { describeError, type ErrorDescription } from './describe-error.ts';
import { withoutTokens } from './logging.ts';

/**
 * Runs what a service's main.ts does before it listens. With OTEL_EXPORTER_OTLP_ENDPOINT set, the service reports to
 * that OpenTelemetry collector, under the name in OTEL_SERVICE_NAME; with SPANS_ENDPOINT, as the demo sets it, its spans
 * go there within a moment. Without either, nothing of that is loaded. When starting fails the process ends with exit
 * code 1 and, on standard error, a message that says what to do; the stack only where the cause is not known.
 *
 * @example
 * await startService(async () => {
 *   const config = readConfig(process.env);
 *   await runService(await buildApp({ config, database: await openCartDatabase(config) }), { … });
 * });
 */
export async function startService(start: () => Promise<void>): Promise<void> {
  try {
    const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, SPANS_ENDPOINT: spansEndpoint } = process.env;
    if (endpoint || spansEndpoint) {
      const { startTelemetry } = await import('./telemetry/start-telemetry.ts');
      const serviceName = process.env['OTEL_SERVICE_NAME'] || basename(process.cwd());
      startTelemetry({ endpoint, spansEndpoint, serviceName });
    }
    await start();
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  }
}

const refusedBy: Readonly<Record<string, string>> = {
  '28P01': 'Postgres refuses the user or the password in DATABASE_URL.',
  '28000': 'Postgres refuses the user in DATABASE_URL.',
  '3D000': 'The database that DATABASE_URL names does not exist: create it first.',
};

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const described = describeError(error);
  const { code, message } = described;
  const refusal = code === undefined ? undefined : refusedBy[code];
  if (refusal !== undefined) return refusal;
  if (isDatabaseUnavailable(error))
    return `Postgres cannot be reached (${code ?? message}): is it running where DATABASE_URL says?`;
  return withoutTokens(`The service could not start: ${inFull(described)}`);
}

/** With the stack, and the same for each cause. */
function inFull({ type, message, stack = '', cause }: ErrorDescription): string {
  const what = stack.includes(message) && stack !== '' ? stack : `${type}: ${message}\n${stack}`.trimEnd();
  return cause === undefined ? what : `${what}\nCaused by: ${inFull(cause)}`;
}
