import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { plainRequestId } from '../logging/request-id.ts';
import { traceContextFrom } from '../logging/trace-context.ts';
import { codeOf, type Problem, titleOf } from '../problems/problem.ts';
import type { CorsHeaders } from './cors.ts';
import { problemContentType, sendError } from './error-handler.ts';
import { headersTooLarge } from './request-checks.ts';
import { commonHeaders, setResponseHeaders } from './response-headers.ts';

type ClientError = Error & { code?: string; rawPacket?: unknown };

const lingerMs = 1000;

const details: Readonly<Record<number, string>> = {
  400: 'The request is not valid HTTP.',
  405: 'This server is not a proxy.',
  408: 'The request did not arrive in time.',
  413: 'The body has too many chunk extensions.',
  431: headersTooLarge,
};

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Answers where fastify runs no hook: bytes that are not HTTP, and URLs that cannot be decoded. These answers are like
 * all others: problem documents, with a request id that is in the log, readable for pages of allowed origins.
 *
 * The origin is taken from the unparsable bytes, else from the connection's last request. If neither has one and only
 * one origin is allowed, the answer names that one: pages of other origins still cannot read it.
 */
export function createEarlyAnswers({ cors, origins }: { cors: CorsHeaders; origins: readonly string[] }) {
  const exchanges = new WeakMap<Socket, { request: IncomingMessage; response: ServerResponse }>();
  const refused = new WeakSet<Socket>();

  function answer(app: FastifyInstance, status: number, { socket, head }: { socket: Socket; head: string }) {
    const { request } = exchanges.get(socket) ?? {};
    const onlyOrigin = origins.length === 1 ? origins[0] : undefined;
    const origin = headerIn(head, 'origin') ?? request?.headers.origin ?? onlyOrigin;
    const instance = plainRequestId(headerIn(head, 'x-request-id'));
    const code = codeOf(status);
    const problem: Problem = {
      type: 'about:blank',
      title: titleOf(status),
      status,
      code,
      ...(details[status] !== undefined && { detail: details[status] }),
      instance,
    };
    const body = JSON.stringify(problem);
    const headers = {
      ...commonHeaders(instance, traceContextFrom(headerIn(head, 'traceparent')).header),
      ...cors(origin),
      'content-type': problemContentType,
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    app.log.info({ status, code, request_id: instance, address: socket.remoteAddress }, 'request refused');
    socket.end(`HTTP/1.1 ${status} ${titleOf(status)}\r\n${lines.join('')}\r\n${body}`);
    // Further bytes are read and discarded: closing a connection with unread bytes resets it, and the client may lose
    // the answer.
    socket.resume();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  }

  return {
    /** Records the current request of each connection. Add it before all other hooks. */
    follow(app: FastifyInstance): void {
      app.addHook('onRequest', ({ raw: request }, { raw: response }, done) => {
        exchanges.set(request.socket, { request, response });
        done();
      });
      app.server.on('connect', (_request, socket) =>
        answer(app, 405, { socket: socket as Socket, head: '' }),
      );
    },

    /** For fastify's `clientErrorHandler`, which calls it with the app as `this`. */
    clientError(this: FastifyInstance, error: ClientError, socket: Socket): void {
      // Node reports each further packet too.
      if (refused.has(socket) && error.code !== 'ECONNRESET') return;
      const { request, response } = exchanges.get(socket) ?? {};
      const isUnanswered = response?.writableFinished === false;
      const hasBegun = isUnanswered && response.headersSent && !response.writableEnded;
      if (error.code === 'ECONNRESET' || !socket.writable || hasBegun) {
        socket.destroy();
        return;
      }
      refused.add(socket);
      const { code = '', rawPacket } = error;
      const [head = ''] = Buffer.isBuffer(rawPacket) ? rawPacket.toString('latin1').split('\r\n\r\n', 1) : [];
      const refuse = () => {
        if (socket.writable) answer(this, statuses[code] ?? 400, { socket, head });
      };
      // The wrong request follows one without an answer yet. Answers keep the order of requests (RFC 9112 §9.3.2).
      if (isUnanswered && request?.complete) response.once('close', refuse);
      else refuse();
    },

    /** For fastify's `frameworkErrors`. */
    frameworkError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
      setResponseHeaders(reply, request.id);
      reply.headers(cors(request.headers.origin, request.url));
      sendError(error, { request, reply });
      const { statusCode: status } = reply;
      request.log.info({ status, code: request.failure?.code, address: request.ip }, 'request refused');
    },
  };
}

/** Finds a header in bytes that may begin a request. The last line may be cut off. */
function headerIn(head: string, name: string): string | undefined {
  const line = head.split('\n').find((text) => text.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}
