import type { Service } from '@latchkey/service-kit';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AuthApp,
  bearer,
  decode,
  refresh,
  register,
  signIn,
  startAuthApp,
  type Tokens,
  whoAmI,
} from '../support/auth-app.ts';
import { ask, createOperator, type Database, openDatabase, type Person } from '../support/operator.ts';

let auth: AuthApp;
let database: Database;
let operator: Person;
beforeAll(async () => {
  // Allows a rotation two seconds after the previous one.
  auth = await startAuthApp({
    env: { KEY_SKEW_SECONDS: '1', JWKS_MAX_AGE_SECONDS: '1' },
    durableRedis: true,
  });
  database = openDatabase(auth);
  operator = await createOperator(auth, database);
});
afterAll(async () => {
  await database.close();
  await auth.stop();
});

const kidOf = (token: string) => String(decode(token).header['kid']);

async function published(app: Service = auth.app): Promise<string[]> {
  const { keys } = (await app.inject({ url: '/.well-known/jwks.json' })).json();
  return keys.map(({ kid }: { kid: string }) => kid);
}

/** Signs the operator in again for each request, because a revoked key may have signed their last token. */
async function askAnew(request: Parameters<typeof ask>[2]) {
  const tokens = await signIn(auth.app, operator.username);
  return ask(auth, { ...operator, ...tokens }, request);
}

const revoke = (kid: string) => askAnew({ method: 'DELETE', url: `/keys/${kid}` });

async function states(): Promise<Record<string, string>> {
  const { keys } = (await askAnew({ method: 'GET', url: '/keys' })).json();
  return Object.fromEntries(keys.map((key: { kid: string; state: string }) => [key.kid, key.state]));
}

describe('refused', () => {
  const unknown = 'A'.repeat(43);
  const narrow = async () => signIn(auth.app, operator.username, { scope: 'accounts:manage clients:manage' });

  test.each<[string, () => Promise<Pick<Tokens, 'access_token'>>, string, number, string]>([
    ['to revoke a key without a token', async () => ({ access_token: '' }), unknown, 401, 'missing_token'],
    ['to revoke a key without the scope', narrow, unknown, 403, 'insufficient_scope'],
    ['a key that there is not', async () => operator, unknown, 404, 'key_not_found'],
    ['what is no kid', async () => operator, 'next', 400, 'invalid_request'],
    ['a kid that is too long', async () => operator, `${unknown}A`, 400, 'invalid_request'],
  ])('%s', async (_what, who, kid, status, code) => {
    const before = await published();
    const { access_token: token } = await who();
    const answer = await auth.app.inject({
      method: 'DELETE',
      url: `/keys/${kid}`,
      headers: token === '' ? {} : bearer(token),
    });
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ status, code });
    expect(await published()).toEqual(before);
  });
});

describe('the key that signs, revoked,', () => {
  test('leaves the set at once and takes its tokens with it; the next one signs', async () => {
    const { access_token: token, refresh_token: refreshToken } = await signIn(
      auth.app,
      await register(auth.app),
    );
    const kid = kidOf(token);
    const [next] = (await published()).filter((other) => other !== kid);
    expect((await whoAmI(auth.app, token)).statusCode).toBe(200);

    expect((await revoke(kid)).statusCode).toBe(204);
    expect(await published()).not.toContain(kid);
    expect(await published()).toHaveLength(2);
    const refused = await whoAmI(auth.app, token);
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toMatchObject({ code: 'invalid_token', reason: 'key_revoked' });

    // The sessions go on.
    const refreshed = await refresh(auth.app, refreshToken);
    expect(kidOf(refreshed.json().access_token)).toBe(next);
    expect((await whoAmI(auth.app, refreshed.json().access_token)).statusCode).toBe(200);
    expect(await states()).toMatchObject({ [kid]: 'gone', [String(next)]: 'active' });
  });

  test('can be revoked again, which changes nothing more', async () => {
    const kid = kidOf((await signIn(auth.app, operator.username)).access_token);
    expect((await revoke(kid)).statusCode).toBe(204);
    const after = await published();
    expect((await revoke(kid)).statusCode).toBe(204);
    expect(await published()).toEqual(after);
  });

  test('leaves a trace in the audit log: who asked, and what followed', async () => {
    const kid = kidOf((await signIn(auth.app, operator.username)).access_token);
    const [next] = (await published()).filter((other) => other !== kid);
    expect((await revoke(kid)).statusCode).toBe(204);
    const recorded = async () =>
      (await database.eventsOf(operator.id))
        .filter(({ event }) => event.startsWith('key.'))
        .slice(-3)
        .map(({ event, details }) => [event, details?.['kid']]);
    const [made] = (await published()).filter((other) => other !== next);
    await eventually('the three changes of keys are recorded', async () =>
      expect(await recorded()).toEqual([
        ['key.revoked', kid],
        ['key.activated', next],
        ['key.published', made],
      ]),
    );
  });
});

describe('under traffic, with two replicas,', () => {
  type Traffic = {
    over: boolean;
    readonly revoked: Set<string>;
    /** How many tokens were accepted, by client. */
    readonly accepted: number[];
  };

  /** Refreshes repeatedly and presents each token to both replicas. */
  async function goOn(replicas: readonly Service[], { client, until }: { client: number; until: Traffic }) {
    let tokens = await signIn(auth.app, await register(auth.app));
    for (let turn = 0; !until.over; turn += 1) {
      const [issuing, other] = [replicas[turn % 2], replicas[(turn + 1) % 2]] as [Service, Service];
      const refreshed = await refresh(issuing, tokens.refresh_token);
      expect(refreshed.statusCode).toBe(200);
      tokens = refreshed.json();
      for (const app of [issuing, other]) {
        const answer = await whoAmI(app, tokens.access_token);
        if (answer.statusCode === 200) until.accepted[client] = (until.accepted[client] ?? 0) + 1;
        else {
          // Only tokens of the revoked key may be refused.
          expect(until.revoked).toContain(kidOf(tokens.access_token));
          expect(answer.json()).toMatchObject({ reason: 'key_revoked' });
        }
      }
    }
  }

  test('a rotation refuses no token, and a revocation only the tokens of the revoked key', async () => {
    const replicas = [auth.app, await auth.startReplica()];
    const until: Traffic = { over: false, revoked: new Set(), accepted: [0, 0, 0, 0] };
    const clients = until.accepted.map((_, client) => goOn(replicas, { client, until }));
    const everything = Promise.all(clients);
    everything.catch(() => {
      until.over = true;
    });

    const old = await signIn(auth.app, await register(auth.app));
    const rotate = async () => (await askAnew({ method: 'POST', url: '/keys/rotation' })).statusCode;
    await eventually('the keys can be rotated again', async () => expect(await rotate()).toBe(200));
    expect((await whoAmI(auth.app, old.access_token)).statusCode).toBe(200);

    const kids = [kidOf(old.access_token), kidOf((await signIn(auth.app, operator.username)).access_token)];
    for (const kid of kids) {
      until.revoked.add(kid);
      expect((await revoke(kid)).statusCode).toBe(204);
      for (const replica of replicas)
        await eventually('the replica does not publish the revoked key any more', async () =>
          expect(await published(replica)).not.toContain(kid),
        );
    }
    expect((await whoAmI(auth.app, old.access_token)).json()).toMatchObject({ reason: 'key_revoked' });

    // Rejects at once if a client failed.
    const served = eventually('every client is served again and again', () =>
      expect(Math.min(...until.accepted)).toBeGreaterThan(5),
    );
    await Promise.race([everything, served]);
    until.over = true;
    await everything;
    await eventually('both replicas publish the same keys', async () =>
      expect(await published(replicas[1])).toEqual(await published(replicas[0])),
    );
  });
});

describe('without Redis', () => {
  test('every replica refuses the tokens of a revoked key, and says why, as soon as it knows', async () => {
    const replica = await auth.startReplica();
    const { access_token: token } = await signIn(auth.app, await register(auth.app));
    const asking = { ...operator, ...(await signIn(auth.app, operator.username)) };
    const kid = kidOf(token);
    expect((await whoAmI(replica, token)).statusCode).toBe(200);
    await auth.redis.kill();
    const request = { method: 'DELETE', url: `/keys/${kid}` } as const;
    expect((await ask(auth, asking, request)).statusCode).toBe(503);
    const refused = { code: 'invalid_token', reason: 'key_revoked' };
    expect((await whoAmI(auth.app, token)).json()).toMatchObject(refused);
    // The other replica learns it from Postgres.
    const reasons: unknown[] = [];
    await eventually('the other replica refuses the token', async () => {
      const answer = await whoAmI(replica, token);
      if (answer.statusCode !== 200) reasons.push(answer.json().reason);
      expect(answer.statusCode).toBe(401);
    });
    expect(reasons).toEqual(['key_revoked']);

    await auth.redis.restart();
    await eventually('the key can be revoked again', async () =>
      expect((await revoke(kid)).statusCode).toBe(204),
    );
  });

  test('a key is revoked nevertheless, the answer is 503, and the same request again tells everybody', async () => {
    const asking = { ...operator, ...(await signIn(auth.app, operator.username)) };
    const kid = kidOf(asking.access_token);
    const [other] = (await published()).filter((candidate) => candidate !== kid) as [string];
    // Another key than the one that signed the operator's token, so that the operator can repeat the request.
    const request = { method: 'DELETE', url: `/keys/${other}` } as const;
    await auth.redis.kill();
    const refused = await ask(auth, asking, request);
    expect(refused.statusCode).toBe(503);
    expect(refused.headers['retry-after']).toBeDefined();
    expect(await published()).not.toContain(other);

    await auth.redis.restart();
    await eventually('the key can be revoked once the store is back', async () =>
      expect((await ask(auth, asking, request)).statusCode).toBe(204),
    );
  });
});
