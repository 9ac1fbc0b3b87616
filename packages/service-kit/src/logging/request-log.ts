import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyRequest {
    /** The error that the error handler answered, so that the request's log line can include it. */
    failure: { code: string; error: unknown } | null;
  }
}

/**
 * Logs one line per finished request: failures (≥ 500) at error with the error, other refusals (≥ 400) at info, the
 * rest at debug. The line names the route, not the URL: a query string or a path may hold secrets.
 */
export function addRequestLog(app: FastifyInstance): void {
  app.decorateRequest('failure', null);
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply;
    if (statusCode >= 500)
      request.log.error(
        { ...lineOf(request, reply), ...(request.failure && { err: request.failure.error }) },
        'request failed',
      );
    else if (statusCode >= 400) request.log.info(lineOf(request, reply), 'request refused');
    else if (isVerbose(request.log.level)) request.log.debug(lineOf(request, reply), 'request completed');
    done();
  });
}

// Checked before the line is built, because nearly every request ends here.
function isVerbose(level: string): boolean {
  return level === 'debug' || level === 'trace';
}

function lineOf(request: FastifyRequest, reply: FastifyReply): Record<string, unknown> {
  return {
    method: request.method,
    route: request.is404 ? undefined : request.routeOptions.url,
    status: reply.statusCode,
    code: request.failure?.code,
    duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
    address: request.ip,
  };
}
