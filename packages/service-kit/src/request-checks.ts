import type { IncomingMessage, RequestListener } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CorsHeaders } from './cors.ts';
import { ProblemError } from './problem.ts';

const mostHeaderBytes = 16 * 1024;
export const headersTooLarge =
  'The headers of the request are larger than 16 KB. In a browser those are cookies, mostly: those of all ' +
  'apps on the same host are sent along, whatever their port. Delete the cookies of this host, and try again.';

/** As node:http does. */
const headers = { connection: 'close' };

/** Options of node:http: what it would refuse by itself, in an answer without our headers, is refused by our hook. */
export const serverOptions = {
  // Beyond this the parser refuses it, which tells no more than the packet in which that was noticed. Less than a packet's
  // 64 KB, so that what comes in one piece is noticed in the first, where the Origin is.
  maxHeaderSize: 3 * mostHeaderBytes,
  requireHostHeader: false,
};

/** Refuses what node:http would: headers that are too large, no Host (RFC 9112 §3.2), an Expect that we do not meet. */
export function addRequestChecks(app: FastifyInstance): void {
  const serve: RequestListener = (request, response) => void app.server.emit('request', request, response);
  app.server.on('checkExpectation', serve);
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    if (headerBytes(raw) > mostHeaderBytes) {
      const code = 'request_header_fields_too_large';
      throw new ProblemError({ status: 431, code, detail: headersTooLarge, headers });
    }
    if (raw.httpVersion === '1.1' && raw.headers.host === undefined) {
      const detail = 'The request has no Host.';
      throw new ProblemError({ status: 400, code: 'missing_host', detail, headers });
    }
    if ((raw.headers.expect ?? '100-continue').toLowerCase() !== '100-continue') {
      const detail = 'Nothing but 100-continue can be expected here.';
      throw new ProblemError({ status: 417, code: 'expectation_failed', detail });
    }
    done();
  });
}

/** Counted as the parser does. */
function headerBytes({ url = '', rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((sum, { length }) => sum + length, url.length);
}

/**
 * Answers OPTIONS (RFC 9110 §9.3.7) by the methods that the path takes, unless it is a preflight, which is CORS' business.
 * Belongs before addCors, which takes every OPTIONS for a preflight.
 */
export function addOptions(
  app: FastifyInstance,
  { allowedMethods, cors }: { allowedMethods: (path: string) => string[]; cors: CorsHeaders },
): void {
  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    const { origin, 'access-control-request-method': asked } = request.headers;
    if (request.method !== 'OPTIONS' || (origin !== undefined && asked !== undefined)) return done();
    reply.headers(cors(origin));
    const [path = ''] = request.url.split('?', 1);
    // The server as such.
    if (path === '*') return void reply.code(204).send();
    const allowed = allowedMethods(path);
    if (allowed.length === 0)
      throw new ProblemError({ status: 404, code: 'not_found', detail: 'No such route.' });
    reply
      .code(204)
      .header('allow', [...new Set([...allowed, 'OPTIONS'])].join(', '))
      .send();
  });
}
