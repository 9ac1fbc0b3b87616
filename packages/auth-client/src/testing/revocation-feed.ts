import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AuthError } from '../errors.ts';
import { type FeedEvent, feedTokenType, maxRevocations, writeEvent, writeMessage } from '../feed/event.ts';
import { type Position, readShardPosition, writeShardPosition } from '../feed/position.ts';
import type { Revocation } from '../feed/revocation.ts';
import type { SigningKey } from './signing-key.ts';

export type TestFeedOptions = {
  issuer: string;
  signingKey(): SigningKey;
  /** @throws AuthError unless this request has a token that may read the feed, and proves its key if it is bound to one */
  checkReader(request: IncomingMessage): Promise<void>;
  heartbeatMs: number;
  /** Milliseconds since 1970, by the issuer's clock. */
  now(): number;
};

export type TestFeed = {
  /** How many subscribers there are. */
  readonly connections: number;
  /** GET /revocations */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
  revoke(revocations: readonly Revocation[]): void;
  /** Closes all connections, and every new one until restore. */
  cut(): void;
  restore(): void;
  close(): void;
};

/**
 * A feed of revocations like auth-service's: signed events (RFC 8417) with positions, replay after Last-Event-ID, a
 * snapshot for subscribers that cannot resume, heartbeats. Keeps all entries.
 */
export function createTestFeed({
  issuer,
  signingKey,
  checkReader,
  heartbeatMs,
  now,
}: TestFeedOptions): TestFeed {
  const epoch = randomBytes(8).toString('hex');
  const log: Revocation[] = [];
  const streams = new Set<ServerResponse>();
  let timer: NodeJS.Timeout | undefined;
  let isCut = false;
  let lastBeat = { of: '', message: '' };

  const positionAt = (sequence: number): Position => [writeShardPosition({ epoch, sequence })];

  function message(kind: FeedEvent['kind'], from: number, to: number): string {
    const revocations = log.slice(from, to);
    const done = kind === 'snapshot' && to === log.length;
    const event: FeedEvent = { kind, after: positionAt(from), upTo: positionAt(to), revocations, done };
    const key = signingKey();
    const header = { alg: 'RS256', typ: feedTokenType, kid: key.kid };
    const token = key.sign(header, writeEvent(event, { issuer, id: randomUUID(), nowMs: now() }));
    return writeMessage(event.upTo, token);
  }

  function* pages(kind: FeedEvent['kind'], from: number): Generator<string> {
    for (let at = from; at < log.length; at += maxRevocations)
      yield message(kind, at, Math.min(at + maxRevocations, log.length));
  }

  /** Signed once for all subscribers, and again only after a change: tests have many issuers, and signing is slow. */
  function heartbeat(): string {
    const of = `${log.length} ${signingKey().kid}`;
    if (lastBeat.of !== of) lastBeat = { of, message: message('heartbeat', log.length, log.length) };
    return lastBeat.message;
  }

  /** The messages that a subscriber with this last event id, or without one, is missing. */
  function* missed(lastEventId = ''): Generator<string> {
    const seen = readShardPosition(lastEventId);
    if (seen?.epoch === epoch && seen.sequence <= log.length) yield* pages('batch', seen.sequence);
    else if (log.length === 0) yield message('snapshot', 0, 0);
    else yield* pages('snapshot', 0);
    yield heartbeat();
  }

  function beat(): void {
    for (const stream of streams) stream.write(heartbeat());
  }

  function open(response: ServerResponse, lastEventId: string | undefined): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    response.write(':\n\n');
    for (const text of missed(lastEventId)) response.write(text);
    streams.add(response);
    timer ??= setInterval(beat, heartbeatMs).unref();
    response.on('close', () => {
      streams.delete(response);
      if (streams.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    });
  }

  function hangUp(): void {
    for (const stream of streams) stream.destroy();
    streams.clear();
  }

  return {
    get connections() {
      return streams.size;
    },
    async serve(request, response) {
      const refusal = await checkReader(request).catch((error: unknown) => error);
      if (isCut) {
        request.socket.destroy();
        return;
      }
      if (refusal !== undefined) {
        if (!(refusal instanceof AuthError)) throw refusal;
        const challenge = `Bearer error="${refusal.code}", DPoP error="${refusal.code}"`;
        response.writeHead(401, { ...refusal.headers, 'www-authenticate': challenge }).end();
        return;
      }
      const id = request.headers['last-event-id'];
      open(response, typeof id === 'string' ? id : undefined);
    },
    revoke(revocations) {
      const from = log.length;
      log.push(...revocations);
      if (streams.size === 0) return;
      for (const text of pages('batch', from)) for (const stream of streams) stream.write(text);
    },
    cut() {
      isCut = true;
      hangUp();
    },
    restore() {
      isCut = false;
    },
    close: hangUp,
  };
}
