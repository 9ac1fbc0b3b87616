import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { RequestHeaders } from '../../generator/closed-loop.ts';
import type { Session } from '../../system/people.ts';
import { scope, sessionPrefix, type Way } from './settings.ts';

/** The credentials of each person: an access token, or the id of a session in Redis. */
export type Visitors = {
  /** The headers of a request of each person. A way without credentials has one request without headers. */
  headersFor(way: Way): readonly RequestHeaders[];
  forget(): Promise<void>;
};

const lifetimeSeconds = 3600;

/** Stores a session in Redis for each person, besides the token that the person already has. */
export async function createVisitors(people: readonly Session[], redis: Redis): Promise<Visitors> {
  const ids = people.map(() => randomBytes(32).toString('base64url'));
  const session = JSON.stringify({
    subject: randomBytes(16).toString('base64url'),
    client: 'storefront',
    scope: `${scope} cart:write wishlist:read wishlist:write payment:read payment:write`,
    authenticatedAt: Date.now(),
    expiresAt: Date.now() + lifetimeSeconds * 1000,
  });
  await Promise.all(ids.map((id) => redis.set(sessionPrefix + id, session, 'EX', lifetimeSeconds)));
  return {
    headersFor(way) {
      if (way === 'none' || way === 'express') return [{}];
      const shown = way === 'session' ? ids : people.map(({ accessToken }) => accessToken);
      return shown.map((each) => ({ authorization: `Bearer ${each}` }));
    },
    forget: async () => void (await redis.del(ids.map((id) => sessionPrefix + id))),
  };
}
