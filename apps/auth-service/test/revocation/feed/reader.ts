import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import http from 'node:http';
import type { Revocation } from '@latchkey/auth-client';
import { readShardPosition } from '@latchkey/auth-client/feed';
import { eventually } from '@latchkey/testing';

const event = 'urn:latchkey:event:';
const sessionRevoked = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';

export type Payload = {
  iss: string;
  aud: string;
  iat: number;
  jti: string;
  after: string[];
  up_to: string[];
  sub_id?: { format: string; session: { format: string; id: string } };
  events: Record<string, { revocations?: Revocation[]; done?: boolean; reason_admin?: { en: string } }>;
};

export type FeedEvent = {
  readonly id: string;
  readonly header: Record<string, unknown>;
  readonly payload: Payload;
  /** The part after the last colon or slash: heartbeat, session-revoked. */
  readonly type: string;
  readonly revocations: readonly Revocation[];
};

export type FeedOptions = {
  readonly url: string;
  readonly token: string;
  readonly lastEventId?: string | undefined;
  /** Default: the currently published keys. */
  readonly keys?: ReadonlyMap<string, KeyObject>;
};

/**
 * Follows the feed with plain HTTP and node:crypto, without our own code. It verifies each event with the published
 * keys and checks that no position is missing. It can stop reading, as a slow subscriber does.
 */
export class FeedReader {
  readonly events: FeedEvent[] = [];
  /** Faults in the received events. A test expects none. */
  readonly faults: unknown[] = [];
  position: string | undefined;
  comments = 0;
  /** The number of revocations received. */
  count = 0;
  /** How the response ended: complete or broken off. */
  ended: 'complete' | 'broken' | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly #response: http.IncomingMessage;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #token: string;
  #text = '';

  constructor(
    response: http.IncomingMessage,
    {
      keys,
      token,
      position,
    }: { keys: ReadonlyMap<string, KeyObject>; token: string; position: string | undefined },
  ) {
    this.#response = response;
    this.#keys = keys;
    this.#token = token;
    this.headers = response.headers;
    this.position = position;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    response.on('close', () => {
      this.ended = response.complete ? 'complete' : 'broken';
    });
    response.on('error', () => {});
  }

  /** In order of arrival, including those in snapshots. */
  get revocations(): Revocation[] {
    return this.events.flatMap(({ revocations }) => revocations);
  }

  ofType(type: string): FeedEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  pause(): void {
    this.#response.pause();
  }

  read(): void {
    this.#response.resume();
  }

  /** Closes the connection. */
  close(): void {
    this.#response.destroy();
  }

  async until(isSo: (reader: FeedReader) => boolean, what = String(isSo)): Promise<void> {
    await eventually(what, () => {
      if (!isSo(this)) throw new Error(this.#history());
    });
  }

  /** What a failed test needs to know: the token, the end, the latest events, and revocations of all tokens. */
  #history(): string {
    const { iat, exp } = JSON.parse(Buffer.from(this.#token.split('.')[1] ?? '', 'base64url').toString());
    const came = this.events
      .map(({ type, id, payload, revocations }) => {
        const ofAll = revocations.filter(({ kind }) => kind === 'all');
        return `${type} ${id} at ${payload.iat}${ofAll.length > 0 ? ` ${JSON.stringify(ofAll)}` : ''}`;
      })
      .filter((line, index, { length }) => !line.startsWith('heartbeat') || index > length - 4);
    const lines = [
      `the token of ${iat} to ${exp}`,
      `ended: ${this.ended}`,
      ...this.faults,
      ...came.slice(-20),
    ];
    return lines.join('\n');
  }

  #read(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      const message = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      if (message.startsWith(':')) {
        this.comments += 1;
        continue;
      }
      try {
        this.#take(message);
      } catch (fault) {
        this.faults.push(fault);
      }
    }
  }

  #take(message: string): void {
    const [, id, token] = /^id: (\S+)\ndata: (\S+)$/.exec(message) ?? [];
    if (id === undefined || token === undefined) throw new Error(`not a message of the feed: ${message}`);
    const event = { id, ...this.#verified(token) };
    this.events.push(event);
    this.count += event.revocations.length;
    const { after, up_to } = event.payload;
    if (up_to.join() !== id) throw new Error(`the id ${id} is not ${up_to}`);
    if (event.type !== 'snapshot' && after.join() !== this.position)
      throw new Error(`${event.type} follows on ${after}, and not on ${this.position}`);
    const steps = sequences(up_to) - sequences(after);
    if (steps !== event.revocations.length)
      throw new Error(`${event.revocations.length} revocations from ${after} to ${up_to}`);
    this.position = id;
  }

  #verified(token: string): Omit<FeedEvent, 'id'> {
    const [head = '', body = '', signature = '', ...rest] = token.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, unknown>;
    const payload = JSON.parse(Buffer.from(body, 'base64url').toString()) as Payload;
    const key = this.#keys.get(String(header['kid']));
    if (key === undefined) throw new Error(`the key ${header['kid']} is not published`);
    const isSigned = verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      key,
      Buffer.from(signature, 'base64url'),
    );
    if (!isSigned || rest.length > 0) throw new Error('the signature is not good');
    const [name = '', ...others] = Object.keys(payload.events);
    if (others.length > 0) throw new Error('more than one event in a token');
    return { header, payload, type: typeOf(name), revocations: revocationsOf(payload, name) };
  }
}

function typeOf(name: string): string {
  return name === sessionRevoked ? 'session-revoked' : name.replace(event, '');
}

function revocationsOf({ events, sub_id }: Payload, name: string): Revocation[] {
  const event = events[name];
  if (name !== sessionRevoked) return event?.revocations ?? [];
  return [{ kind: 'session', id: sub_id?.session.id ?? '', reason: event?.reason_admin?.en ?? '' }];
}

function sequences(position: readonly string[]): number {
  return position.reduce((sum, part) => sum + (readShardPosition(part)?.sequence ?? Number.NaN), 0);
}

/** Opens the feed. Resolves when the response head arrives, and rejects when the status is not 200. */
export async function openFeed(options: FeedOptions): Promise<FeedReader> {
  const { url, token, lastEventId, keys = await publishedKeys(url) } = options;
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = http.get(`${url}/revocations`, {
      agent: false,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'text/event-stream',
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      },
    });
    request.on('response', resolve);
    request.on('error', reject);
  });
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(`the feed answered ${response.statusCode}`);
  }
  return new FeedReader(response, { keys, token, position: lastEventId });
}

export async function publishedKeys(url: string): Promise<Map<string, KeyObject>> {
  const set = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as {
    keys: { kid: string; kty: string; n: string; e: string }[];
  };
  return new Map(set.keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
}

/** The revocations as sorted texts, because shards have no order among them. */
export function namesOf(revocations: readonly Revocation[]): string[] {
  return revocations.map((revocation) => JSON.stringify(Object.entries(revocation).sort())).sort();
}
