import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { eventStreamHeaders, eventStreamOpening, ProblemError, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { tags } from './context.ts';
import type { Spans } from './spans.ts';

const heartbeatMs = 15_000;
/** The maximum number of unsent bytes for a slow page. Beyond it the stream is closed, and the page reconnects. */
const maxUnsentBytes = 1024 * 1024;
const maxStreams = 100;

const schema = {
  summary: 'Spans as they come (server-sent events)',
  tags,
  querystring: Type.Object({
    trace_prefix: Type.String({
      pattern: '^[0-9a-f]{16}$',
      description: 'The first digits of the trace ids.',
    }),
  }),
};

/** GET /demo/spans: streams to each page the spans of its own traces. */
export async function eventRoutes(app: Service, { spans }: { spans: Spans }): Promise<void> {
  const streams = new Set<ServerResponse>();
  // A stream never ends by itself, so it would keep the process from closing.
  app.lifecycle.onDraining(() => {
    for (const stream of streams) stream.end();
  });

  app.get('/spans', { schema, exposeHeadRoute: false }, (request, reply) => {
    if (app.lifecycle.draining || streams.size >= maxStreams) throw tooMany();
    reply.hijack();
    const stream = reply.raw;
    const headers = reply.getHeaders() as OutgoingHttpHeaders;
    stream.writeHead(200, { ...headers, ...eventStreamHeaders });
    stream.write(eventStreamOpening);
    streams.add(stream);
    const write = (text: string): void => {
      if (stream.writableLength > maxUnsentBytes) stream.destroy();
      else stream.write(text);
    };
    const unfollow = spans.follow(request.query.trace_prefix, (span) =>
      write(`event: span\ndata: ${JSON.stringify(span)}\n\n`),
    );
    const heartbeat = setInterval(() => write(':\n\n'), heartbeatMs);
    stream.on('error', () => {});
    stream.on('close', () => {
      unfollow();
      clearInterval(heartbeat);
      streams.delete(stream);
    });
  });
}

function tooMany(): ProblemError {
  const detail = 'Too many streams are open, or the server is closing.';
  return new ProblemError({ status: 503, code: 'too_many_streams', detail, headers: { 'retry-after': '1' } });
}
