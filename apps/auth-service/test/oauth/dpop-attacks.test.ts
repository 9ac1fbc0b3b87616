import { createHash, createHmac } from 'node:crypto';
import {
  createProver,
  type ProofOverrides,
  type ProofRequest,
  type Prover,
} from '@latchkey/auth-client/testing';
import { forThisFile } from '@latchkey/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  decode,
  from,
  postToken,
  refreshCookie,
  register,
  startAuthApp,
  storefrontOrigin,
  testIssuer,
  testPassword,
} from '../support/auth-app.ts';
import { isActiveAtCart, startServices } from '../support/services.ts';
import {
  authorize,
  createBrowser,
  createFlow,
  registerApplication,
} from './authorization/authorization-fixture.ts';

let ahead = 0;
const services = await forThisFile(startServices(['cart-service', 'payment-service']));
const auth = await forThisFile(
  startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris }, clock: () => Date.now() + ahead }),
);
const { app } = auth;
const application = await registerApplication(auth);
const other = await registerApplication(auth);
beforeEach(() => {
  ahead = 0;
});

const tokenUrl = `${testIssuer}/token`;
const userInfoUrl = `${testIssuer}/userinfo`;
const scope = 'openid profile offline_access cart:read';

const proofAt = (key: Prover, changes: Partial<ProofRequest> = {}, overrides: ProofOverrides = {}) =>
  key.prove({ method: 'POST', url: tokenUrl, ...changes }, overrides);

const use = (authorization: string, dpop?: string | undefined, url = '/userinfo') =>
  app.inject({ url, headers: { authorization, ...(dpop !== undefined && { dpop }) } });

const renew = (refresh_token: string, dpop?: string | undefined, client_id = application.id) =>
  postToken(
    app,
    { grant_type: 'refresh_token', client_id, refresh_token },
    dpop === undefined ? {} : { dpop },
  );

type Victim = Awaited<ReturnType<typeof createVictim>>;

/** Somebody whose tokens are bound to their key; everything that they have sent so far was copied. */
async function createVictim() {
  const key = createProver();
  const flow = createFlow(application.id, { scope });
  const username = await register(app);
  const { code = '' } = await authorize(createBrowser(app), flow, username);
  const usedAtToken = proofAt(key);
  const answer = await flow.redeem(app, code, {}, { dpop: usedAtToken });
  const { access_token: accessToken, refresh_token: refreshToken, id_token: idToken } = answer.json();
  const proofFor = (overrides?: ProofOverrides, changes: Partial<ProofRequest> = {}) =>
    key.prove({ method: 'GET', url: userInfoUrl, accessToken, ...changes }, overrides);
  const usedAtUserInfo = proofFor();
  expect((await use(`DPoP ${accessToken}`, usedAtUserInfo)).statusCode).toBe(200);
  return { key, username, accessToken, refreshToken, idToken, proofFor, usedAtToken, usedAtUserInfo };
}

const thief = createProver();

/** What a row tries, each of which must be refused. */
type Attempts = (victim: Victim) => Promise<{ statusCode: number; body: string }[]>;
const all = (attempts: unknown[]) => Promise.all(attempts) as ReturnType<Attempts>;

/** RFC 7515 §A.1 with a public key as the secret. */
function forged(victim: Victim, alg: string): string {
  const [, payload = ''] = victim.proofFor().split('.');
  const { header } = decode(victim.usedAtUserInfo);
  const head = Buffer.from(JSON.stringify({ ...header, alg })).toString('base64url');
  const mac = createHmac('sha256', JSON.stringify(header['jwk']))
    .update(`${head}.${payload}`)
    .digest('base64url');
  return `${head}.${payload}.${alg === 'none' ? '' : mac}`;
}

const rows: [section: string, attack: string, attempts: Attempts][] = [
  [
    '11.1',
    'a proof that was used is sent again, also to another replica',
    async ({ accessToken, refreshToken, usedAtUserInfo, usedAtToken }) => {
      const replica = await auth.startReplica();
      const headers = { authorization: `DPoP ${accessToken}`, dpop: usedAtUserInfo };
      return all([
        use(`DPoP ${accessToken}`, usedAtUserInfo),
        replica.inject({ url: '/userinfo', headers }),
        renew(refreshToken, usedAtToken),
      ]);
    },
  ],
  [
    '11.1',
    'a proof is sent again with its jti written in another way, or with a jti that is too long',
    ({ accessToken, proofFor, usedAtUserInfo }) => {
      const [head, payload, signature] = usedAtUserInfo.split('.');
      const claims = decode(usedAtUserInfo).claims;
      const respelt = Buffer.from(JSON.stringify({ ...claims, jti: `${claims['jti']} ` })).toString(
        'base64url',
      );
      return all(
        [
          `${head}.${respelt}.${signature}`,
          `${head}.${payload}.${signature}=`,
          `${head}=.${payload}.${signature}`,
          proofFor({ claims: { jti: 'x'.repeat(257) } }),
          proofFor({ claims: { jti: ['a'] } }),
        ].map((dpop) => use(`DPoP ${accessToken}`, dpop)),
      );
    },
  ],
  [
    '11.2',
    'proofs for later were made while the key could be used: not before their minute, and not without a nonce',
    ({ accessToken, refreshToken, proofFor, key }) => {
      const claims = { iat: Math.floor(Date.now() / 1000) + 600 };
      return all([
        use(`DPoP ${accessToken}`, proofFor({ claims })),
        renew(refreshToken, proofAt(key, {}, { claims })),
        renew(refreshToken, proofAt(key, { nonce: 'a guess' }, { claims })),
      ]);
    },
  ],
  [
    '11.2',
    'such a proof renews at its minute, but the new token needs a proof that nobody could have made',
    async ({ refreshToken, proofFor, key }) => {
      const dpop = proofAt(key, {}, { claims: { iat: Math.floor(Date.now() / 1000) + 600 } });
      const forNow = proofFor();
      ahead = 600_000;
      const renewed = await renew(refreshToken, dpop);
      expect(renewed.statusCode).toBe(200);
      ahead = 0;
      const { access_token: token } = renewed.json();
      return all([use(`DPoP ${token}`, forNow), use(`Bearer ${token}`), use(`DPoP ${token}`)]);
    },
  ],
  [
    '11.3',
    'the nonce is left out, old, made up or another server’s, by a client that needs one',
    async ({ refreshToken, key }) => {
      const claims = { iat: Math.floor(Date.now() / 1000) - 600 };
      const told = await renew(refreshToken, proofAt(key, {}, { claims }));
      const nonce = String(told.headers['dpop-nonce']);
      ahead = 180_000;
      const old = await renew(refreshToken, proofAt(key, { nonce }, { claims }));
      ahead = 0;
      return all([
        told,
        old,
        renew(refreshToken, proofAt(key, {}, { claims })),
        ...['', 'made up', nonce.toUpperCase(), `${nonce}A`].map((wrong) =>
          renew(refreshToken, proofAt(key, { nonce: wrong }, { claims })),
        ),
      ]);
    },
  ],
  [
    '11.4',
    'a script in the page has taken all tokens and unused proofs along: they fit no other request',
    ({ accessToken, refreshToken, proofFor }) =>
      all([
        use(`DPoP ${accessToken}`, proofFor(), '/account'),
        use(`DPoP ${accessToken}`, proofFor(), '/sessions'),
        app.inject({
          method: 'POST',
          url: '/userinfo',
          headers: { authorization: `DPoP ${accessToken}`, dpop: proofFor() },
        }),
        renew(refreshToken, proofFor()),
      ]),
  ],
  [
    '11.5',
    'another signed JWT is sent as a proof, and a proof as another JWT',
    ({ accessToken, refreshToken, idToken, proofFor, key }) =>
      all([
        ...[accessToken, idToken, services.assertion('payment-service')].flatMap((jwt) => [
          use(`DPoP ${accessToken}`, jwt),
          renew(refreshToken, jwt),
        ]),
        use(`DPoP ${accessToken}`, proofFor({ header: { typ: 'JWT' } })),
        use(`DPoP ${proofFor()}`, proofFor()),
        use(`Bearer ${proofFor()}`),
        renew(proofAt(key), proofAt(key)),
        postToken(app, {
          grant_type: 'client_credentials',
          ...services.credentials('payment-service'),
          client_assertion: proofAt(key),
        }),
      ]),
  ],
  [
    '11.6',
    'the proof says another algorithm, none, or a MAC with the public key',
    (victim) =>
      all([
        ...['none', 'None', 'HS256', 'ES256'].map((alg) =>
          use(`DPoP ${victim.accessToken}`, forged(victim, alg)),
        ),
        ...['RS256', 'EdDSA', 'ES384', 'PS256', 'es256', 'ES256K'].map((alg) =>
          use(`DPoP ${victim.accessToken}`, victim.proofFor({ header: { alg } })),
        ),
      ]),
  ],
  [
    '11.7',
    'method, path, host, scheme or token of a proof are changed',
    ({ accessToken, refreshToken, proofFor, key }) =>
      all([
        ...[
          { htm: 'POST' },
          { htu: `${testIssuer}/account` },
          { htu: 'https://evil.example/userinfo' },
          { htu: userInfoUrl.replace('http:', 'https:') },
          { ath: createHash('sha256').update('another').digest('base64url') },
        ].map((claims) => use(`DPoP ${accessToken}`, proofFor({ claims }))),
        renew(refreshToken, proofAt(key, { method: 'GET' })),
        renew(refreshToken, proofAt(key, { url: `${testIssuer}/par` })),
      ]),
  ],
  [
    '11.8',
    'a bound token comes with the thief’s key, as Bearer, or with a proof for a token of the thief’s own',
    async ({ accessToken, proofFor }) => {
      const own = await createVictim();
      const theirs = thief.prove({ method: 'GET', url: userInfoUrl, accessToken });
      return all([
        use(`DPoP ${accessToken}`, theirs),
        use(`DPoP ${accessToken}`, proofFor({ signedBy: thief.privateKey })),
        use(`DPoP ${accessToken}`, own.proofFor()),
        use(`DPoP ${accessToken}`),
        use(`Bearer ${accessToken}`),
        use(`Bearer ${accessToken}`, proofFor()),
        use(`Bearer ${accessToken}`, theirs),
      ]);
    },
  ],
  [
    '11.9',
    'a code is stolen together with its verifier: it is bound to the key by dpop_jkt',
    async ({ key, username }) => {
      const flow = createFlow(application.id, { scope, dpop_jkt: key.thumbprint });
      const { code = '' } = await authorize(createBrowser(app), flow, username);
      const stolen = await all([
        flow.redeem(app, code, {}, { dpop: proofAt(thief) }),
        flow.redeem(app, code),
        flow.redeem(app, code, { client_id: other.id }, { dpop: proofAt(key) }),
      ]);
      expect((await flow.redeem(app, code, {}, { dpop: proofAt(key) })).statusCode).toBe(200);
      return stolen;
    },
  ],
  [
    '11.10',
    'the hash of a proof is another than SHA-256',
    ({ accessToken, proofFor }) =>
      all(
        ['sha1', 'sha384', 'sha512'].flatMap((name) => {
          const hash = createHash(name).update(accessToken).digest('base64url');
          return [{ ath: hash }, { ath: undefined, 'ath#S512': hash }, { ath: hash.slice(0, 43) }].map(
            (claims) => use(`DPoP ${accessToken}`, proofFor({ claims })),
          );
        }),
      ),
  ],
  [
    '11.11',
    'another client with the same key presents what was given to this one',
    ({ refreshToken, key }) =>
      all([renew(refreshToken, proofAt(key), other.id), renew(refreshToken, proofAt(key), 'latchkey-cli')]),
  ],
  [
    '—',
    'access token, refresh token and all proofs so far are stolen together, and not the key',
    ({ accessToken, refreshToken, usedAtToken, usedAtUserInfo }) =>
      all([
        ...[undefined, usedAtUserInfo, usedAtToken, proofAt(thief)].flatMap((dpop) => [
          use(`DPoP ${accessToken}`, dpop),
          use(`Bearer ${accessToken}`, dpop),
          renew(refreshToken, dpop),
        ]),
      ]),
  ],
];

describe('the attacks of RFC 9449 §11: nothing is accepted, and the victim stays in', () => {
  test.each(rows)('%s %s', async (_section, _attack, attempts) => {
    const victim = await createVictim();
    const answers = await attempts(victim);
    expect(answers.length).toBeGreaterThan(1);
    for (const { statusCode, body } of answers) {
      expect([400, 401]).toContain(statusCode);
      expect(body).not.toContain('access_token":');
    }
    const renewed = await renew(victim.refreshToken, proofAt(victim.key));
    expect(renewed.statusCode).toBe(200);
    const { access_token: accessToken } = renewed.json();
    expect((await use(`DPoP ${accessToken}`, victim.proofFor({}, { accessToken }))).statusCode).toBe(200);
  });

  test('a stolen cookie: without the key of its session it is worth nothing', async () => {
    const key = createProver();
    const username = await register(app);
    const signIn = proofAt(key, { url: `${testIssuer}/sessions` });
    const signedIn = await app.inject({
      ...{ method: 'POST', url: '/sessions' },
      payload: { client_id: 'storefront', username, password: testPassword },
      headers: { ...from(username), origin: storefrontOrigin, dpop: signIn },
    });
    const cookies = { [refreshCookie]: signedIn.cookies[0]?.value ?? '' };
    const refresh = (dpop?: string) =>
      app.inject({
        ...{ method: 'POST', url: '/sessions/refresh', cookies, payload: { client_id: 'storefront' } },
        headers: { origin: storefrontOrigin, ...(dpop !== undefined && { dpop }) },
      });
    const url = `${testIssuer}/sessions/refresh`;
    for (const dpop of [undefined, signIn, proofAt(thief, { url })])
      expect((await refresh(dpop)).statusCode).toBe(401);
    expect((await refresh(proofAt(key, { url }))).statusCode).toBe(200);
  });
});

describe.each(['ES256', 'EdDSA', 'RS256'] as const)('with %s', (alg) => {
  test('from the code to a protected route, a refresh, an introspection and a sign-out', async () => {
    const key = createProver(alg);
    const flow = createFlow(application.id, { scope, dpop_jkt: key.thumbprint });
    const { code = '' } = await authorize(createBrowser(app), flow, await register(app));
    const first = (await flow.redeem(app, code, {}, { dpop: proofAt(key) })).json();
    const second = (await renew(first.refresh_token, proofAt(key))).json();
    expect([first.token_type, second.token_type]).toEqual(['DPoP', 'DPoP']);
    const { access_token: accessToken } = second;
    const dpop = key.prove({ method: 'GET', url: userInfoUrl, accessToken });
    expect((await use(`DPoP ${accessToken}`, dpop)).statusCode).toBe(200);
    const inspected = await app.inject({
      ...{ method: 'POST', url: '/introspect' },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({
        token: accessToken,
        ...services.credentials('cart-service'),
      }).toString(),
    });
    expect(inspected.json()).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: key.thumbprint },
    });
    const revoked = await app.inject({
      ...{ method: 'POST', url: '/revoke' },
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        dpop: proofAt(key, { url: `${testIssuer}/revoke` }),
      },
      payload: new URLSearchParams({ token: second.refresh_token, client_id: application.id }).toString(),
    });
    expect(revoked.statusCode).toBe(200);
    expect(await isActiveAtCart({ app, services }, accessToken)).toBe(false);
  });
});
