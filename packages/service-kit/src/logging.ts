import { type DestinationStream, type Logger, pino } from 'pino';

const secretNames = [
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'refresh_token',
  'access_token',
  'id_token',
  'client_secret',
  'client_assertion',
  'token',
  'card_number',
];
// A name with a dash needs brackets in pino's path language.
const secretPaths = secretNames.flatMap((name) => {
  const path = name.includes('-') ? `["${name}"]` : name;
  const nested = name.includes('-') ? path : `.${path}`;
  return [path, `*${nested}`, `*.*${nested}`];
});

// JSON Web Tokens begin with base64url of `{"`; refresh tokens with rt1. (docs/architecture.md).
// Both patterns move forward only, so they cannot be made slow.
const tokenShapes = /eyJ[A-Za-z0-9_=-]{8,}(?:\.[A-Za-z0-9_=-]*){0,4}|rt1\.[A-Za-z0-9_.=-]+/g;

/**
 * Makes the service's logger: JSON lines, newlines encoded (no line can be forged), secrets left out twice: fields
 * by their name, and whatever looks like a token anywhere in the finished line.
 *
 * It cannot know a password that stands in free text under a harmless name: never log a request's body or query.
 *
 * @example
 * const log = createLogger({ name: 'cart-service', level: 'info' });
 */
export function createLogger(options: {
  name: string;
  level: string;
  destination?: DestinationStream;
}): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.name },
      redact: { paths: secretPaths, censor: '[redacted]' },
      serializers: { err: describeError },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: withoutTokens },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** Replaces everything that has the shape of a token. */
export function withoutTokens(text: string): string {
  return text.replace(tokenShapes, '[token]');
}

const maxCauses = 5;

interface ErrorDescription {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: ErrorDescription;
}

/** An error for the log: no own properties (they may carry a request), no query parameters, causes in order. */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error' };
  const description: ErrorDescription = { type: error.name, message: withoutParameters(error.message) };
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') description.code = code;
  if (error.stack !== undefined) description.stack = withoutParameters(error.stack);
  if (error.cause !== undefined && depth < maxCauses)
    description.cause = describeError(error.cause, depth + 1);
  return description;
}

// drizzle-orm puts the values of a failed query into its message: "Failed query: …\nparams: …".
function withoutParameters(text: string): string {
  const start = text.indexOf('\nparams: ');
  if (start === -1) return text;
  const end = text.indexOf('\n    at ', start);
  return text.slice(0, start) + (end === -1 ? '' : text.slice(end));
}
