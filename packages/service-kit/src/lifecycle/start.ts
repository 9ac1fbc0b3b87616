import { isDatabaseUnavailable } from '../database/errors.ts';
import { describeError, type ErrorDescription } from '../logging/describe-error.ts';
import { withoutTokens } from '../logging/logging.ts';
import { ConfigError } from '../settings/config.ts';
import { endOnUncaught } from './uncaught.ts';

/**
 * Runs the start of a service's main.ts. With an endpoint of OpenTelemetry set, such as OTEL_EXPORTER_OTLP_ENDPOINT, the
 * service reports there. With SPANS_ENDPOINT set, as in the demo, its spans go there almost at once. Without either, no
 * telemetry is loaded. If the start fails, also by an error that nobody caught, the process exits with code 1 and
 * writes a message to standard error that says what to do; the stack is added only if the cause is unknown.
 *
 * @example
 * await startService(async () => {
 *   const config = readConfig(process.env);
 *   await runService(await buildApp({ config, database: await openCartDatabase(config) }), { … });
 * });
 */
export async function startService(start: () => Promise<void>): Promise<void> {
  const tell = (error: unknown) => void process.stderr.write(`${explain(error)}\n`);
  endOnUncaught(tell);
  try {
    const names = Object.keys(process.env).filter((name) => process.env[name]);
    if (names.some((name) => /^(OTEL_EXPORTER_OTLP_|SPANS_)(\w+_)?ENDPOINT(_FILE)?$/.test(name))) {
      const { startTelemetry } = await import('../telemetry/start-telemetry.ts');
      startTelemetry(process.env);
    }
    await start();
  } catch (error) {
    tell(error);
    process.exit(1);
  }
}

const refusedBy: Readonly<Record<string, string>> = {
  '28P01': 'Postgres refuses the user or the password in DATABASE_URL.',
  '28000': 'Postgres refuses the user in DATABASE_URL.',
  '42501':
    'The role in DATABASE_URL lacks a right: permission denied. If another role migrates the database, let it do so first.',
  '3D000': 'The database that DATABASE_URL names does not exist: create it first.',
};

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const described = describeError(error);
  const { code, message } = described;
  const refusal = refusedBy[codeOf(described) ?? ''];
  if (refusal !== undefined) return refusal;
  const { syscall, path } = error as NodeJS.ErrnoException;
  if (syscall === 'open' && path !== undefined)
    return `The file ${path} cannot be read (${code}): is it where a setting says?`;
  if (isDatabaseUnavailable(error))
    return `Postgres cannot be reached (${code ?? message}): is it running where DATABASE_URL says?`;
  return withoutTokens(`The service could not start: ${inFull(described)}`);
}

/** Drizzle wraps the errors of Postgres in its own. */
function codeOf({ code, cause }: ErrorDescription): string | undefined {
  return code ?? (cause && codeOf(cause));
}

/** The error and each of its causes, with stacks. */
function inFull({ type, message, stack = '', cause }: ErrorDescription): string {
  const what = stack.includes(message) && stack !== '' ? stack : `${type}: ${message}\n${stack}`.trimEnd();
  return cause === undefined ? what : `${what}\nCaused by: ${inFull(cause)}`;
}
