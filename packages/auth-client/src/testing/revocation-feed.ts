import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Position } from '../revocation/position.ts';
import type { Revocation } from '../revocation/revocation.ts';
import { eventTypes, feedAudience } from '../revocation/security-event.ts';
import type { SigningKey } from './signing-key.ts';

export interface TestFeedOptions {
  issuer: string;
  signingKey(): SigningKey;
  /** Whether this token may read the feed. */
  mayRead(token: string): boolean;
  heartbeatMs: number;
  /** Milliseconds since 1970, by the issuer's clock. */
  now(): number;
}

export interface TestFeed {
  /** How many subscribers there are. */
  readonly connections: number;
  /** GET /revocations */
  serve(request: IncomingMessage, response: ServerResponse): void;
  revoke(revocations: readonly Revocation[]): void;
  /** Closes all connections, and every new one until restore. */
  cut(): void;
  restore(): void;
  close(): void;
}

/** As many as auth-service puts into one event. */
const mostInOneEvent = 500;
const bearer = /^Bearer (\S+)$/;

/**
 * A feed of revocations like auth-service's: signed events (RFC 8417) with positions, replay after Last-Event-ID, a
 * snapshot for subscribers that cannot resume, heartbeats. Keeps all entries.
 */
export function createTestFeed({ issuer, signingKey, mayRead, heartbeatMs, now }: TestFeedOptions): TestFeed {
  const epoch = randomBytes(8).toString('hex');
  const log: Revocation[] = [];
  const streams = new Set<ServerResponse>();
  let timer: NodeJS.Timeout | undefined;
  let isCut = false;
  let lastBeat = { of: '', message: '' };

  const positionAt = (sequence: number): Position => [`${epoch}-${sequence}`];

  function sign(claims: Record<string, unknown>): string {
    const key = signingKey();
    const header = { alg: 'RS256', typ: 'secevent+jwt', kid: key.kid };
    const iat = Math.floor(now() / 1000);
    return key.sign(header, { iss: issuer, aud: feedAudience, iat, jti: randomUUID(), ...claims });
  }

  function message(from: number, to: number, event: Record<string, unknown>): string {
    const upTo = positionAt(to);
    return `id: ${upTo}\ndata: ${sign({ after: positionAt(from), up_to: upTo, ...event })}\n\n`;
  }

  function batch(from: number, to: number): string {
    const revocations = log.slice(from, to);
    const [first] = revocations;
    if (revocations.length !== 1 || first?.kind !== 'session')
      return message(from, to, { events: { [eventTypes.revocations]: { revocations } } });
    const event = { event_timestamp: Math.floor(now() / 1000), reason_admin: { en: first.reason } };
    const subject = { format: 'complex', session: { format: 'opaque', id: first.id } };
    return message(from, to, { events: { [eventTypes.sessionRevoked]: event }, sub_id: subject });
  }

  function* pages(from: number, page: (from: number, to: number) => string): Generator<string> {
    for (let at = from; at < log.length; at += mostInOneEvent)
      yield page(at, Math.min(at + mostInOneEvent, log.length));
  }

  function snapshotPage(from: number, to: number): string {
    const content = { revocations: log.slice(from, to), done: to === log.length };
    return message(from, to, { events: { [eventTypes.snapshot]: content } });
  }

  /** Signed once for all subscribers, and again only after a change: tests have many issuers, and signing is slow. */
  function heartbeat(): string {
    const of = `${log.length} ${signingKey().kid}`;
    if (lastBeat.of !== of)
      lastBeat = { of, message: message(log.length, log.length, { events: { [eventTypes.heartbeat]: {} } }) };
    return lastBeat.message;
  }

  /** The messages that a subscriber with this last event id, or without one, is missing. */
  function* missed(lastEventId: string | undefined): Generator<string> {
    const [epochSeen, sequence] = lastEventId?.split('-') ?? [];
    const isResumable =
      epochSeen === epoch && /^\d{1,15}$/.test(sequence ?? '') && Number(sequence) <= log.length;
    if (isResumable) yield* pages(Number(sequence), batch);
    else if (log.length === 0) yield snapshotPage(0, 0);
    else yield* pages(0, snapshotPage);
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
    serve(request, response) {
      if (isCut) {
        request.socket.destroy();
        return;
      }
      const token = bearer.exec(request.headers.authorization ?? '')?.[1];
      if (token === undefined || !mayRead(token)) {
        response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
        return;
      }
      const id = request.headers['last-event-id'];
      open(response, typeof id === 'string' ? id : undefined);
    },
    revoke(revocations) {
      const from = log.length;
      log.push(...revocations);
      if (streams.size === 0) return;
      for (const text of pages(from, batch)) for (const stream of streams) stream.write(text);
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
