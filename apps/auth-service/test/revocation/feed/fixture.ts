import type { Service } from '@latchkey/service-kit';
import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';
import type { PublishableRevocation } from '../../../src/revocation/log/revocation.ts';
import { createRevocationLog } from '../../../src/revocation/log/revocation-log.ts';
import { connectPatiently } from '../../sessions/session-fixture.ts';
import { type AuthApp, bearer, postToken, register, signIn, startAuthApp } from '../../support/auth-app.ts';
import { startServices } from '../../support/services.ts';
import { type FeedReader, openFeed } from './reader.ts';

const service = 'payment-service';

export type FeedFixture = AuthApp & {
  /** The replica's URL. */
  readonly url: string;
  /** A token that may read the feed. */
  token(): Promise<string>;
  open(options?: { url?: string; lastEventId?: string | undefined }): Promise<FeedReader>;
  /** Starts another replica and returns its URL. */
  listenAlso(): Promise<{ app: Service; url: string }>;
  /** Appends to the log, as another replica would. */
  publish(...revocations: PublishableRevocation[]): Promise<void>;
  /** The sum over all labels. */
  metric(name: string): Promise<number>;
};

/** auth-service over HTTP on a loopback port, with one service that may follow. */
export async function startFeed(
  options: { env?: Record<string, string>; durableRedis?: boolean } = {},
): Promise<FeedFixture> {
  const services = await startServices([service]);
  const auth = await startAuthApp({
    logLevel: 'info',
    ...options,
    env: { SERVICE_JWKS_URIS: services.jwksUris, REVOCATION_HEARTBEAT_MS: '200', ...options.env },
  });
  // A longer timeout than the service's, because a burst takes a while on a busy machine.
  const redis = connectPatiently(auth.redis.url);
  redis.on('error', () => {});
  const log = createRevocationLog({
    redis,
    redisUrl: auth.redis.url,
    shards: Number(options.env?.['REDIS_SHARDS'] ?? 1),
    revocationSeconds: 330,
    clock: Date.now,
    onError: () => {},
  });
  const listen = (app: Service) => app.listen({ host: '127.0.0.1', port: 0 });
  const url = await listen(auth.app);

  const fixture: FeedFixture = {
    ...auth,
    url,
    async token() {
      // auth-service accepts no assertion from the second in which Redis lost its data.
      const answer = await eventually('a service gets its token', async () => {
        const asked = await postToken(auth.app, {
          grant_type: 'client_credentials',
          ...services.credentials(service),
        });
        expect(asked.statusCode, asked.body).toBe(200);
        return asked;
      });
      return (answer.json() as { access_token: string }).access_token;
    },
    open: async (from = {}) => openFeed({ url, token: await fixture.token(), ...from }),
    async listenAlso() {
      const app = await auth.startReplica();
      return { app, url: await listen(app) };
    },
    async publish(...revocations) {
      await Promise.all(revocations.map((revocation) => log.publish(revocation)));
    },
    async metric(name) {
      const { body } = await auth.app.inject('/metrics');
      const values = body
        .split('\n')
        .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        .map((line) => Number(line.slice(line.lastIndexOf(' '))));
      return values.reduce((sum, value) => sum + value, 0);
    },
    async stop() {
      redis.disconnect();
      await auth.stop();
      await services.close();
    },
  };
  return fixture;
}

/** This many distinct revocations, of the kinds that come in bulk. */
export function someRevocations(count: number, name: string): PublishableRevocation[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `${name}-${String(index).padStart(6, '0')}`;
    return index % 3 === 0
      ? { kind: 'subject', id, before: 1_700_000_000 + index, reason: 'roles_changed' }
      : { kind: index % 3 === 1 ? 'session' : 'token', id, reason: 'ended_by_operator' };
  });
}

export async function signedIn(app: Service): Promise<{ token: string; sessionId: string }> {
  const { access_token: token, session_id: sessionId } = await signIn(app, await register(app));
  return { token, sessionId };
}

export async function signOut(app: Service, token: string): Promise<void> {
  const answer = await app.inject({ method: 'DELETE', url: '/sessions/current', headers: bearer(token) });
  if (answer.statusCode >= 300) throw new Error(`sign-out answered ${answer.statusCode}: ${answer.body}`);
}
