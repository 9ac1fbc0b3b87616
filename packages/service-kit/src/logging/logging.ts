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

// What waits while standard output cannot be written. A service writes this much in minutes; later lines are lost.
const maxWaitingBytes = 1024 * 1024;

// pino leaves out undefined values, but undefined may be what was thrown.
const thrownUndefined = Symbol('undefined');

/**
 * Makes the service's logger: JSON lines with encoded newlines, so that no line can be forged. It removes secrets
 * twice: fields by name, and anything that looks like a token from the finished line.
 *
 * It cannot recognize a password in free text under a harmless name: never log a request's body or query.
 *
 * Logging never throws: while standard output cannot be written (a full disk, a terminal that is gone), up to 1 MiB
 * waits, and what is beyond that is lost, which a later line tells.
 *
 * @example
 * const log = createLogger({ name: 'cart-service', level: 'info' });
 */
export function createLogger(options: {
  name: string;
  level: string;
  destination?: DestinationStream;
}): Logger {
  const output = options.destination === undefined ? standardOutput() : undefined;
  const log = pino(
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
    options.destination ?? output?.stream,
  );
  output?.onLost((lines) =>
    log.error({ lines }, 'log lines were lost: standard output could not be written'),
  );
  return log;
}

/** Standard output. `onLost` is told how many lines were lost, once it can be written again. */
function standardOutput(): { stream: DestinationStream; onLost(tell: (lines: number) => void): void } {
  const output = pino.destination({ dest: 1, sync: true, maxLength: maxWaitingBytes });
  // It keeps what it could not write, and tries again with the next line.
  output.on('error', () => {});
  return {
    // Without its flushSync, which pino calls after a fatal line, and which would wait until the disk has room.
    stream: { write: (line) => output.write(line) },
    onLost(tell) {
      let lost = 0;
      output.on('drop', () => {
        lost += 1;
        if (lost === 1) {
          output.once('drain', () => {
            tell(lost);
            lost = 0;
          });
        }
        // A line that is dropped does not make it try again.
        output.write('');
      });
    },
  };
}

/** Replaces everything that looks like a token. */
export function withoutTokens(text: string): string {
  return text.replace(tokenShapes, '[token]');
}
