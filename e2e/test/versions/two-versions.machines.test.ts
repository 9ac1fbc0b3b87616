import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  type Answer,
  ask,
  createKey,
  type Key,
  type Request,
  refreshing,
  send,
  signIn as signInAt,
  signingOut,
} from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { credentialsOf, joinIdentity } from '../matrix-tokens.ts';
import { authorize } from './authorize.ts';
import { isInHistory, lastRelease } from './last-release.ts';
import { createTwoVersions, issuer, type TwoVersions, type Version } from './two-versions.ts';
import { other, person, price, upgrade } from './upgrade.ts';

const release = lastRelease();
const skipped = !isInHistory(release);
if (skipped)
  console.warn(`Skipped: this clone has no commit ${release.commit}; git fetch --unshallow gets it.`);

const versions = ['older', 'newer'] as const;
const directions = [
  ['older', 'newer'],
  ['newer', 'older'],
] as const;

let system: TwoVersions;
/** An operator's access token, which no test revokes. */
let operator: string;
let answered: Awaited<ReturnType<typeof upgrade>>;

beforeAll(async () => {
  if (skipped) return;
  system = await createTwoVersions();
  answered = await upgrade(system);
  operator = (await signIn('older')).access_token;
  // pnpm may have to install what the release used.
}, 300_000);
afterAll(() => system?.stop());

const authOf = (version: Version) => system[version].auth.url;
const signIn = (version: Version, options: { key?: Key } = {}, who = person) =>
  signInAt(authOf(version), { ...who, ...options });
const refresh = (version: Version, token: string, key?: Key) =>
  send(authOf(version), refreshing(token, { key }));
const tokenIn = ({ body }: Answer) => String(body['refresh_token']);
const kidOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
const account = (version: Version, request: Omit<Request, 'path'>) =>
  send(authOf(version), { path: '/account', ...request });

async function shopStatuses(token: string, of: readonly Version[] = versions): Promise<number[]> {
  const asked = of.flatMap((version) => [
    send(system[version].cart.url, { path: '/cart', token }),
    send(system[version].wishlist.url, { path: '/wishlist', token }),
  ]);
  return (await Promise.all(asked)).map(({ status }) => status);
}

describe.skipIf(skipped)(`beside release ${release.name}`, () => {
  test('the older services run the sources of the release', () => {
    const { resolve } = createRequire(join(system.root, 'apps', 'auth-service', 'package.json'));
    expect(resolve('@latchkey/service-kit')).toBe(
      join(system.root, 'packages', 'service-kit', 'src', 'index.ts'),
    );
  });

  test('the newer version migrates the databases and starts, and the older one meanwhile answers everything', () => {
    expect(answered).toEqual(new Set([200, 201]));
  });
});

describe.skipIf(skipped)('services of both versions', () => {
  test('act for a person at each other, with tokens that either auth-service exchanged', async () => {
    const token = operator;
    const move = async (wishlist: Version): Promise<number> => {
      const { url } = system[wishlist].wishlist;
      const { body } = await send(url, {
        method: 'POST',
        path: '/wishlist/items',
        token,
        json: { sku: 'tea' },
      });
      const path = `/wishlist/items/${body['id']}/move`;
      return (await send(url, { method: 'POST', path, token, json: { quantity: 1, unit_price: price } }))
        .status;
    };
    for (const auth of versions)
      for (const cart of versions) {
        await system.lead({ auth, cart });
        expect([await move('older'), { auth, cart }]).toEqual([200, { auth, cart }]);
        // Who calls is upgraded after whom it calls.
        if (cart === 'newer') expect([await move('newer'), { auth, cart }]).toEqual([200, { auth, cart }]);
      }
  });

  test('learn the same by introspection at either auth-service', async () => {
    const { access_token: token, session_id: sid } = await signIn('newer');
    const cart = await joinIdentity('cart-service', system.databases.cart);
    const introspect = async (version: Version) => {
      const form = { token, ...(await credentialsOf(cart, issuer)) };
      const answer = await send(authOf(version), { method: 'POST', path: '/introspect', form });
      expect(answer.status).toBe(200);
      return answer.body;
    };
    for (const version of versions)
      await eventually('the key of the service is known', async () =>
        expect(await introspect(version)).toMatchObject({ active: true, sid }),
      );
    expect(await introspect('older')).toEqual(await introspect('newer'));
    await cart.close();
  });
});

test.skipIf(skipped)(
  'rolling back: the older version starts on what the newer one has migrated and written, and serves',
  async () => {
    const again = await system.createOlderAuth();
    onTestFinished(() => again.stop());
    const key = createKey({ [authOf('newer')]: issuer, [again.url]: issuer });
    const sessions = [
      { ...(await signIn('newer')), key: undefined },
      { ...(await signIn('newer', { key })), key },
    ];
    await again.start();
    for (const { refresh_token: token, key } of sessions)
      expect((await send(again.url, refreshing(token, { key }))).status).toBe(200);
    const { access_token: token } = await signInAt(again.url, person);
    expect(await shopStatuses(token)).toEqual([200, 200, 200, 200]);
    expect((await send(again.url, signingOut(token))).status).toBe(204);
    await eventually('every service refuses the token', async () =>
      expect(await shopStatuses(token)).toEqual([401, 401, 401, 401]),
    );
  },
);

describe.skipIf(skipped).each(directions)('from %s to %s', (one, two) => {
  test('access tokens are accepted everywhere, and so are those of a key that one rotated in and the other signs with', async () => {
    const { access_token: token, ...session } = await signIn(one);
    expect(await shopStatuses(token)).toEqual([200, 200, 200, 200]);
    expect((await account(two, { token })).status).toBe(200);

    await eventually(
      'the key is rotated',
      async () => {
        const rotation = { method: 'POST', path: '/keys/rotation', token } as const;
        const { status, text } = await send(authOf(one), rotation);
        expect(status, text).toBe(200);
      },
      { everyMs: 200 },
    );
    let last = session.refresh_token;
    const nextFrom = async (version: Version) => {
      const { body } = await refresh(version, last);
      last = String(body['refresh_token']);
      return String(body['access_token']);
    };
    const kid = kidOf(await nextFrom(one));
    expect(kid).not.toBe(kidOf(token));
    const next = await eventually(
      'the other one signs with the key',
      async () => {
        const signed = await nextFrom(two);
        expect(kidOf(signed)).toBe(kid);
        return signed;
      },
      { everyMs: 200 },
    );
    expect(await shopStatuses(next)).toEqual([200, 200, 200, 200]);
    expect(await shopStatuses(token)).toEqual([200, 200, 200, 200]);
  });

  test('a session refreshes at both in turn, and a token that was used at one ends it at the other', async () => {
    const { refresh_token: first, session_id: session } = await signIn(one);
    let last = first;
    for (const version of [two, one, two, two, one]) {
      const answer = await refresh(version, last);
      expect([answer.status, answer.body['session_id']]).toEqual([200, session]);
      last = tokenIn(answer);
    }
    expect((await refresh(two, first)).body).toMatchObject({ error: 'invalid_grant', reason: 'reuse' });
    expect((await refresh(one, last)).body).toMatchObject({ error: 'invalid_grant', reason: 'reuse' });
  });

  test('refreshes at both at once give one lineage', async () => {
    const { refresh_token: first } = await signIn(one);
    const answers = await Promise.all(
      [one, two, one, two, one, two].map((version) => refresh(version, first)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    const [next = '', ...others] = new Set(answers.map(tokenIn));
    expect(others).toEqual([]);
    expect((await refresh(two, next)).status).toBe(200);
  });

  test('an authorization begins at one, the person signs in at the other, and the code gives a bound session that both refresh', async () => {
    const key = createKey({ [authOf(one)]: issuer, [authOf(two)]: issuer });
    const bound = await authorize({
      beginsAt: authOf(one),
      signsInAt: authOf(two),
      redeemsAt: authOf(one),
      person,
      key,
    });
    expect([bound.status, bound.body['token_type']]).toEqual([200, 'DPoP']);
    let last = tokenIn(bound);
    for (const version of [two, one, two]) {
      // Whoever has copied the token cannot use it, and ends nothing.
      expect((await refresh(version, last)).body).toMatchObject({ error: 'invalid_dpop_proof' });
      const answer = await refresh(version, last, key);
      expect([answer.status, answer.body['token_type']]).toEqual([200, 'DPoP']);
      expect((await account(one, { token: String(answer.body['access_token']), key })).status).toBe(200);
      last = tokenIn(answer);
    }
    // What the newer version noted of the attempts outlives the older one's refreshes.
    const { sessions } = (await ask(authOf('newer'), { path: '/sessions', token: operator })) as {
      sessions: { id: string }[];
    };
    const id = bound.body['session_id'];
    expect(sessions).toContainEqual(expect.objectContaining({ id, foreign_key_at: expect.any(String) }));
  });

  test('both list the same devices; one renames a device and signs it out, and the other says so', async () => {
    const [token, device] = [operator, await signIn(one)];
    const path = `/sessions/${device.session_id}`;
    expect(
      (await send(authOf(one), { method: 'PATCH', path, token, json: { device_name: 'Kitchen' } })).status,
    ).toBe(200);
    const listed = async (version: Version) =>
      (
        (await ask(authOf(version), { path: '/sessions', token }))['sessions'] as {
          id: string;
          device_name: string;
        }[]
      ).map(({ id, device_name: name }) => ({ id, name }));
    expect(await listed(two)).toContainEqual({ id: device.session_id, name: 'Kitchen' });
    expect(await listed(two)).toEqual(await listed(one));
    expect((await send(authOf(one), { method: 'DELETE', path, token })).status).toBe(204);
    expect((await refresh(two, device.refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
    expect(await listed(two)).toEqual(await listed(one));
  });

  test('services of either version are told by the feed of the other what one revoked', async () => {
    const { access_token: token } = await signIn(two);
    // The address of auth-service leads to the other version now, as after a rollback of auth-service alone.
    await system.lead({ auth: two });
    expect(await shopStatuses(token)).toEqual([200, 200, 200, 200]);
    expect((await send(authOf(one), signingOut(token))).status).toBe(204);
    await eventually('every service refuses the token', async () =>
      expect(await shopStatuses(token)).toEqual([401, 401, 401, 401]),
    );
    expect((await account(two, { token })).status).toBe(401);
    expect(await shopStatuses(operator)).toEqual([200, 200, 200, 200]);
  });

  test('an account that an operator disables at one is out at the other and at every service', async () => {
    const theirs = await signIn(two, {}, other);
    const me = await account(two, { token: theirs.access_token });
    const setStatus = (status: string) =>
      ask(authOf(one), {
        method: 'PUT',
        path: `/accounts/${me.body['id']}/status`,
        token: operator,
        json: { status },
      });
    await setStatus('disabled');
    expect((await refresh(two, theirs.refresh_token)).body).toMatchObject({ reason: 'account_disabled' });
    await expect(signIn(two, {}, other)).rejects.toThrow('401');
    await eventually('every service refuses the token', async () =>
      expect(await shopStatuses(theirs.access_token)).toEqual([401, 401, 401, 401]),
    );
    await setStatus('active');
    expect(await shopStatuses((await signIn(two, {}, other)).access_token)).toEqual([200, 200, 200, 200]);
  });
});
