import { ProblemError } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';

type Hook = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void;

/**
 * Keeps other sites' pages out: a browser says where a request comes from (Fetch Metadata, RFC 6454), and by which name
 * it found us, which an attacker's DNS can make any.
 */
export function sameOriginOnly(origin: string): Hook {
  const { host } = new URL(origin);
  return (request, _reply, done) => {
    const { origin: from = origin, 'sec-fetch-site': site = 'same-origin' } = request.headers;
    const isOurs = request.host === host && from === origin && site === 'same-origin';
    if (isOurs) return done();
    const detail = 'The demo is for its own page.';
    throw new ProblemError({ status: 403, code: 'origin_not_allowed', detail });
  };
}

/** For what services send: no browser, whatever page runs in it. */
export const noBrowsers: Hook = (request, _reply, done) => {
  if (request.headers.origin === undefined && request.headers['sec-fetch-site'] === undefined) return done();
  throw new ProblemError({ status: 403, code: 'origin_not_allowed', detail: 'This is for services.' });
};
