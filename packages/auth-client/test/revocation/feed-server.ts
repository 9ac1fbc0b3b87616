import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRevocationList, type RevocationList } from '../../src/index.ts';
import { KeySet } from '../../src/key-set/key-set.ts';
import type { FeedPace } from '../../src/revocation/feed-pace.ts';
import { type RevocationFollower, type SubscribeOptions, subscribe } from '../../src/revocation/subscribe.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { SigningKey } from '../../src/testing/index.ts';
import { issuer, set } from './events.ts';

/** A subscriber's request. */
export type FeedAsked = {
  token: string | undefined;
  lastEventId: string | undefined;
  accept: string | undefined;
};

/** One connection of a subscriber. */
export type FeedStream = {
  /** Sends a signed event. */
  event(claims: Record<string, unknown>, by?: SigningKey): void;
  /** Sends exactly these bytes. */
  raw(text: string): void;
  end(): void;
  /** Breaks the connection. */
  destroy(): void;
};

export type Answer = (stream: FeedStream, asked: FeedAsked) => void;

export type FeedServer = {
  readonly uri: string;
  readonly url: string;
  readonly jwksUri: string;
  /** In order of arrival. */
  readonly asked: FeedAsked[];
  /** Open connections. */
  readonly streams: ReadonlySet<FeedStream>;
  keySetRequests: number;
  /** The answer of the key set. */
  keys: SigningKey[];
  /** Sets what subscribers' streams do from now on. */
  stream(answer: Answer): void;
  /** Answers with something other than a stream. */
  answer(listener: (request: IncomingMessage, response: ServerResponse) => void): void;
  close(): Promise<void>;
};

/** A scripted feed and its key set, over HTTP on a loopback port. */
export async function startFeedServer(key: SigningKey): Promise<FeedServer> {
  let listener: (request: IncomingMessage, response: ServerResponse) => void = () => {};
  const streams = new Set<FeedStream>();
  const server = createServer((request, response) => {
    if (request.url === '/jwks.json') {
      feed.keySetRequests += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ keys: feed.keys.map(({ jwk }) => jwk) }));
      return;
    }
    feed.asked.push(askedBy(request));
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function streamOf(response: ServerResponse): FeedStream {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const stream: FeedStream = {
      event: (claims, by = key) => {
        response.write(`id: not-what-is-signed\ndata: ${set(by, claims)}\n\n`);
      },
      raw: (text) => {
        response.write(text);
      },
      end: () => {
        response.end();
      },
      destroy: () => {
        response.destroy();
      },
    };
    streams.add(stream);
    response.on('close', () => streams.delete(stream));
    return stream;
  }

  const feed: FeedServer = {
    uri: `${url}/revocations`,
    url,
    jwksUri: `${url}/jwks.json`,
    asked: [],
    streams,
    keySetRequests: 0,
    keys: [key],
    stream(answer) {
      listener = (request, response) => answer(streamOf(response), askedBy(request));
    },
    answer(next) {
      listener = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return feed;
}

function askedBy({ headers }: IncomingMessage): FeedAsked {
  const id = headers['last-event-id'];
  return {
    token: headers.authorization?.replace('Bearer ', ''),
    lastEventId: typeof id === 'string' ? id : undefined,
    accept: headers.accept,
  };
}

export type Followed = {
  list: RevocationList;
  follower: RevocationFollower;
  keySet: KeySet;
  /** The reports in order: 'lost', 'following', and why events were refused. */
  reports: string[];
  close(): void;
};

/** Following the feed must not depend on the wall clock. */
export const withoutWallClock: Clock = {
  wallMs: () => {
    throw new Error('the wall clock was asked');
  },
  monotonicMs: () => performance.now(),
};

/** A busy machine must not look like a feed that does not answer. */
const patientPace = { answerMs: 10_000 };

/** Follows the feed, through another address if one is given. */
export function followFeed(
  feed: Pick<FeedServer, 'uri' | 'jwksUri'>,
  { pace, ...options }: Partial<Omit<SubscribeOptions, 'pace'>> & { pace?: Partial<FeedPace> } = {},
): Followed {
  const clock = options.clock ?? withoutWallClock;
  const keySet = new KeySet({
    jwksUri: feed.jwksUri,
    fetch: globalThis.fetch,
    timeoutMs: 5000,
    cooldownSeconds: 30,
    maxStaleSeconds: 3600,
    clock,
  });
  // authClient does the same, because it needs the keys for access tokens.
  void keySet.refresh();
  const list = createRevocationList({ retentionSeconds: 330, clock });
  const reports: string[] = [];
  const follower = subscribe(list, {
    issuer,
    uri: feed.uri,
    accessToken: async () => 'token',
    keySet,
    fetch: globalThis.fetch,
    clock,
    onLost: () => reports.push('lost'),
    onFollowing: () => reports.push('following'),
    onRefused: (reason) => reports.push(reason),
    pace: { ...patientPace, ...pace },
    ...options,
  });
  return {
    list,
    follower,
    keySet,
    reports,
    close() {
      follower.close();
      keySet.close();
    },
  };
}
