import { ProblemError } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { isHostOf } from './is-host-of.ts';

type Hook = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void;

/**
 * Refuses requests of other sites' pages. It checks the origin that the browser sends (Fetch Metadata, RFC 6454), and
 * the host name, because an attacker's DNS can point any name at this server.
 */
export function sameOriginOnly(origin: string): Hook {
  const isOwnHost = isHostOf(origin);
  return (request, _reply, done) => {
    const { origin: from = origin, 'sec-fetch-site': site = 'same-origin' } = request.headers;
    const isOurs = isOwnHost(request.host) && from === origin && site === 'same-origin';
    if (isOurs) return done();
    const detail = 'The demo is for its own page.';
    throw new ProblemError({ status: 403, code: 'origin_not_allowed', detail });
  };
}

/** For the routes that services call: refuses every browser. */
export const noBrowsers: Hook = (request, _reply, done) => {
  if (request.headers.origin === undefined && request.headers['sec-fetch-site'] === undefined) return done();
  throw new ProblemError({ status: 403, code: 'origin_not_allowed', detail: 'This is for services.' });
};
