import type { IncomingMessage, RequestListener } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem.ts';
import { type CorsHeaders, isPreflight } from './cors.ts';

const maxHeaderBytes = 16 * 1024;
/** Node.js 24 ignores the headers after these, such as those that a proxy added; Node.js 26 refuses the request. */
const maxHeaders = 1000;
export const headersTooLarge =
  'The headers of the request are larger than 16 KB, or there are more than 1,000. In a browser most are cookies: ' +
  'those of all apps on the same host are sent along, whatever their port. Delete the cookies of this host, and try again.';

/** As node:http does. */
const headers = { connection: 'close' };

/** Options of node:http that leave its checks to our hook: its own refusals would lack our headers. */
export const serverOptions = {
  // Above this the parser refuses the request itself, and passes on only the packet in which it noticed, which mostly
  // lacks the Origin. It is no higher, because the parser copies an unfinished header again for each packet.
  maxHeaderSize: 16 * maxHeaderBytes,
  requireHostHeader: false,
};

/** Refuses what node:http would: headers that are too large, no Host (RFC 9112 §3.2), an unsupported Expect. */
export function addRequestChecks(app: FastifyInstance): void {
  const serve: RequestListener = (request, response) => void app.server.emit('request', request, response);
  app.server.on('checkExpectation', serve);
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    if (headerBytes(raw) > maxHeaderBytes || raw.rawHeaders.length > 2 * maxHeaders) {
      const code = 'request_header_fields_too_large';
      throw new ProblemError({ status: 431, code, detail: headersTooLarge, headers });
    }
    if (raw.httpVersion === '1.1' && raw.headers.host === undefined) {
      const detail = 'The request has no Host.';
      throw new ProblemError({ status: 400, code: 'missing_host', detail, headers });
    }
    if ((raw.headers.expect ?? '100-continue').toLowerCase() !== '100-continue') {
      const detail = 'Expect supports only 100-continue here.';
      throw new ProblemError({ status: 417, code: 'expectation_failed', detail });
    }
    done();
  });
}

/** Counts as the parser does. */
function headerBytes({ url = '', rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((sum, { length }) => sum + length, url.length);
}

/**
 * Answers OPTIONS (RFC 9110 §9.3.7) with the methods of the path, unless it is a CORS preflight. Add it before addCors,
 * which treats every OPTIONS as a preflight.
 */
export function addOptions(
  app: FastifyInstance,
  { allowedMethods, cors }: { allowedMethods: (path: string) => string[]; cors: CorsHeaders },
): void {
  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    if (request.method !== 'OPTIONS' || isPreflight(request)) return done();
    reply.headers(cors(request.headers.origin, request.url));
    const [path = ''] = request.url.split('?', 1);
    // `OPTIONS *` asks about the server as a whole.
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
