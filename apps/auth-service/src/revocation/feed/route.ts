import type { OutgoingHttpHeaders } from 'node:http';
import { ProblemError, problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import type { KeyRing } from '../../keys/key-ring.ts';
import type { Revocations } from '../revocations.ts';
import { openEventStream } from './event-stream.ts';
import { createRevocationFeed, type RevocationFeed } from './feed.ts';
import { addFeedMetrics } from './metrics.ts';
import { createSecurityEvents } from './security-event.ts';

/** How many streams one replica serves: far more than there are services. */
export const maxStreams = 1000;

const feedSchema = {
  summary: 'Follow revocations (server-sent events)',
  description: [
    'Each event is a Security Event Token (RFC 8417, `typ: secevent+jwt`), signed like access tokens, for the',
    'audience `urn:latchkey:revocations`. Its claims `after` and `up_to` are positions in the log, one for each',
    'shard. If `after` differs from the last `up_to`, an event is missing.\n\n',
    '- `https://schemas.openid.net/secevent/caep/event-type/session-revoked`: one session, in `sub_id`\n',
    '- `urn:latchkey:event:revocations`: any others, up to 500 at a time\n',
    '- `urn:latchkey:event:snapshot`: a page of all retained revocations; the last one has `done: true`\n',
    '- `urn:latchkey:event:heartbeat`: nothing was revoked after `up_to`; none are sent while that is unknown\n\n',
    'The stream ends when its token expires or is revoked. Resume with Last-Event-ID. Without it, or when its',
    'position is no longer known, a snapshot comes first.',
  ].join(' '),
  tags: ['revocation'],
  headers: Type.Object({
    'last-event-id': Type.Optional(Type.String({ description: 'The `id` of the last event that was read.' })),
  }),
  response: {
    200: {
      description: 'An open-ended stream of events.',
      content: { 'text/event-stream': { schema: Type.String() } },
    },
    401: problemSchema,
    403: problemSchema,
    406: problemSchema,
    503: problemSchema,
  },
};

export type FeedRouteOptions = {
  readonly issuer: string;
  readonly revocations: Pick<Revocations, 'log' | 'list'>;
  readonly keyRing: Pick<KeyRing, 'signer'>;
  readonly heartbeatMs: number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
};

/** GET /revocations: the feed of revocations. */
export async function feedRoute(app: Service, options: FeedRouteOptions): Promise<void> {
  const { issuer, keyRing, heartbeatMs, clock } = options;
  const { log, list } = options.revocations;
  const signer = () => keyRing.signer();
  const feed: RevocationFeed = createRevocationFeed({
    log,
    events: createSecurityEvents({ issuer, signer, clock }),
    signingKid: () => signer().kid,
    heartbeatMs,
    isRevoked: (token) => list.find(token) !== undefined,
    onFailed: (error) => app.log.warn({ err: error }, 'revocations could not be sent; trying again'),
    ...addFeedMetrics(app.metrics, {
      streams: () => feed.streams,
      unsentBytes: () => feed.unsentBytes,
      isFollowing: () => log.isFollowing,
    }),
  });
  // Streams do not end by themselves, so the process would wait for them.
  app.lifecycle.onDraining(() => feed.close());

  app.get(
    '/revocations',
    {
      onRequest: app.requireScope('revocations:read', { allowService: true }),
      // HEAD would have to send GET's headers, and GET's answer is an open stream.
      exposeHeadRoute: false,
      schema: feedSchema,
    },
    (request, reply) => {
      if (!acceptsEventStream(request.headers.accept)) throw notAcceptable();
      if (app.lifecycle.draining) throw unavailable('closing', 'The service is closing.');
      if (feed.streams >= maxStreams) throw unavailable('too_many_streams', 'Too many streams are open.');
      const { caller } = request;
      const leftMs = caller.expiresAt * 1000 - clock();
      reply.hijack();
      const stream = openEventStream(reply.raw, reply.getHeaders() as OutgoingHttpHeaders);
      const expiry = setTimeout(() => stream.end(), leftMs);
      void stream.closed.then(() => clearTimeout(expiry));
      feed.add(stream, { token: caller, lastEventId: request.headers['last-event-id'] });
    },
  );
}

/** RFC 9110 §12.5.1. Weights other than 0 do not matter, because there is only one type to choose from. */
function acceptsEventStream(accept = '*/*'): boolean {
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const isRefused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    return !isRefused && ['text/event-stream', 'text/*', '*/*'].includes(type);
  });
}

function notAcceptable(): ProblemError {
  const detail = 'This route answers text/event-stream.';
  return new ProblemError({ status: 406, code: 'not_acceptable', detail });
}

function unavailable(code: 'closing' | 'too_many_streams', detail: string): ProblemError {
  return new ProblemError({ status: 503, code, detail, headers: { 'retry-after': '1' } });
}
