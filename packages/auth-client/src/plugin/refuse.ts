import { channel } from 'node:diagnostics_channel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthError } from '../errors.ts';
import { challenge, type Scheme } from './challenge.ts';
import type { Requirements } from './requirements.ts';

/** What a route requires, and what its challenges say. */
export interface Route extends Requirements {
  /** The service's audience. */
  realm: string;
  /** Where the service's metadata is. */
  resourceMetadata?: string | undefined;
  /** The schemes that it accepts, first the one that the request used. Default both. */
  schemes?: readonly Scheme[] | undefined;
}

/** The message on the diagnostics channel `@latchkey/auth-client:refused`, for telemetry. */
export type Refusal = {
  readonly request: FastifyRequest;
  /** Its `reason` names the check that failed. */
  readonly error: AuthError;
};

const refusals = channel('@latchkey/auth-client:refused');

const titles: Record<number, string> = { 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' };

/** The same error with its WWW-Authenticate header in `headers`. */
export function withChallenge(error: AuthError, route: Route): AuthError {
  const wwwAuthenticate = challenge(error.code, route);
  if (wwwAuthenticate === undefined) return error;
  const { code, reason, cause, extensions } = error;
  const headers = { ...error.headers, 'www-authenticate': wwwAuthenticate };
  return new AuthError(code, { reason, cause, extensions, headers });
}

/**
 * Answers a refused request: problem+json (RFC 9457) with its challenge or Retry-After. The plugin answers by itself,
 * so the answer is right in every service, whatever its error handler does with errors that it does not know.
 */
export function refuse(
  refusal: AuthError,
  { request, reply, route }: { request: FastifyRequest; reply: FastifyReply; route: Route },
): void {
  const error = withChallenge(refusal, route);
  log(error, request);
  if (refusals.hasSubscribers) refusals.publish({ request, error } satisfies Refusal);
  reply
    .code(error.status)
    .headers(error.headers)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: 'about:blank',
        title: titles[error.status],
        status: error.status,
        code: error.code,
        detail: error.message,
        instance: request.id,
        ...error.extensions,
      }),
    );
}

function log({ code, reason, cause }: AuthError, request: FastifyRequest): void {
  if (reason !== 'unexpected') {
    request.log.debug({ code, reason }, 'request refused');
    return;
  }
  // Logs where it happened, but not the message, which may quote the token.
  const isError = cause instanceof Error;
  const thrown = isError ? cause.name : typeof cause;
  const at = isError ? cause.stack?.match(/^ {4}at .*$/gm)?.slice(0, 10) : undefined;
  request.log.error({ code, reason, thrown, at }, 'request refused: verifying its token failed unexpectedly');
}
