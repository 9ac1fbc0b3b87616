import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/**
 * Accepts a request without a body that a proxy has made chunked (RFC 9112 §7.1), as those from HTTP/2 to HTTP/1.1 may.
 * fastify takes Transfer-Encoding for a body, and refuses it without a content type. A body with bytes is still refused.
 */
export function acceptEmptyBodies(app: FastifyInstance): void {
  app.addHook('preParsing', ({ raw: { headers } }, _reply, payload, done) => {
    if (headers['transfer-encoding'] === undefined || headers['content-type'] !== undefined)
      return done(null, payload);
    void isEmpty(payload).then((empty) => {
      if (empty) delete headers['transfer-encoding'];
      done(null, payload);
    });
  });
}

/** Waits for the first byte or the end. Nobody else reads the bytes, and the next request waits behind them. */
async function isEmpty(body: Readable): Promise<boolean> {
  try {
    await Promise.race([once(body, 'readable'), once(body, 'end')]);
    return body.readableLength === 0;
  } catch {
    // The connection broke.
    return false;
  } finally {
    body.resume();
  }
}
