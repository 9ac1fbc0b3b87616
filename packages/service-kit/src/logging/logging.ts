import { type DestinationStream, type Logger, pino } from 'pino';
import { describeError } from './describe-error.ts';

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

// JSON Web Tokens begin with base64url of `{"`; refresh tokens with rt1. (docs/sessions.md).
// Neither pattern can backtrack, so no input makes them slow.
const tokenShapes = /eyJ[A-Za-z0-9_=-]{8,}(?:\.[A-Za-z0-9_=-]*){0,4}|rt1\.[A-Za-z0-9_.=-]+/g;

// pino leaves out undefined values, but undefined may be what was thrown.
const thrownUndefined = Symbol('undefined');

/**
 * Makes the service's logger: JSON lines with encoded newlines, so that no line can be forged. It removes secrets
 * twice: fields by name, and anything that looks like a token from the finished line.
 *
 * It cannot recognize a password in free text under a harmless name: never log a request's body or query.
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
      serializers: {
        err: (thrown: unknown) => describeError(thrown === thrownUndefined ? undefined : thrown),
      },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (line) =>
          'err' in line && line['err'] === undefined ? { ...line, err: thrownUndefined } : line,
      },
      hooks: { streamWrite: withoutTokens },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** Replaces everything that looks like a token. */
export function withoutTokens(text: string): string {
  return text.replace(tokenShapes, '[token]');
}
