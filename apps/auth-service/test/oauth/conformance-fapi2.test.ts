import { randomUUID } from 'node:crypto';
import { createProver, type ProofRequest } from '@latchkey/auth-client/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { decode, postToken, startAuthApp, testIssuer } from '../support/auth-app.ts';
import { type AssertionChanges, jwtBearer, startServices } from '../support/services.ts';
import {
  authorize,
  callback,
  createBrowser,
  createFlow,
  registerApplication,
  returned,
  signInAt,
  somebody,
} from './authorization/authorization-fixture.ts';

/*
 * The modules of the OpenID Foundation's FAPI 2.0 Security Profile Final (OpenID Connect, private_key_jwt), one test
 * each with the module's name: 40 of 52. What each module checks is written here from its public description. This is no
 * certification.
 *
 * Left out: 8 modules that vary a DPoP proof further; bound-tokens.test.ts and auth-client's possession.test.ts do so;
 * discovery-end-point-verification and ensure-signed-client-assertion-with-RS256-fails, since we sign and take RS256;
 * ensure-unsigned-authorization-request-without-using-par-fails, since no client
 * has to push; par-ensure-reused-request-uri-prior-to-auth-completion-succeeds, since a request_uri is used once.
 */

const names = ['one', 'two'] as const;
const keys = await forThisFile(
  startServices(names).then((services) => ({ ...services, stop: services.close })),
);
const auth = await forThisFile(startAuthApp());
const { app } = auth;
const uriOf = (name: string) => keys.jwksUris.split(',').find((entry) => entry.startsWith(`${name}=`));
const register = async (name: (typeof names)[number]) => ({
  name,
  ...(await registerApplication(auth, {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: uriOf(name)?.slice(name.length + 1),
  })),
});
const [one, two] = [await register('one'), await register('two')];
type Client = typeof one;

/** A client proves who it is. */
const proof = ({ id, name }: Client, { claims, ...changes }: AssertionChanges = {}) => ({
  client_assertion_type: jwtBearer,
  client_assertion: keys.assertion(name, { claims: { iss: id, sub: id, ...claims }, ...changes }),
});

const post = (url: string, parameters: Record<string, string>, method: 'POST' | 'PUT' = 'POST') =>
  app.inject({
    method,
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(parameters).toString(),
  });

/** Pushes a request. */
async function pushed(changes: Record<string, string> = {}, client = one) {
  const flow = createFlow(client.id, { scope: 'openid', ...changes });
  const answer = await post('/par', { ...flow.parameters, ...proof(client) });
  const { request_uri, error } = answer.json<{ request_uri: string; error: string }>();
  const query = { client_id: client.id, request_uri };
  return { flow, error, request_uri, url: `/authorize?${new URLSearchParams(query)}` };
}

/** Pushes a request, signs somebody in, and returns what the client gets. `outside`: parameters beside request_uri. */
async function answered(changes: Record<string, string> = {}, outside: Record<string, string> = {}) {
  const request = await pushed(changes);
  const url = `${request.url}&${new URLSearchParams(outside)}`;
  const answer = await authorize(createBrowser(app), { url }, await somebody(app));
  return { ...request, answer, code: answer['code'] ?? '' };
}

type Answered = Awaited<ReturnType<typeof answered>>;

const redeem = ({ flow, code }: Answered, changes: Record<string, string> = {}, client = one) =>
  flow.redeem(app, code, { client_id: client.id, ...proof(client), ...changes });

const idTokenOf = async (request: Answered) => decode((await redeem(request)).json().id_token).claims;

/** A module's name begins with this. */
const of = (module: string) => `fapi2-security-profile-final-${module}`;

/** Moves the end of a key's life to now. */
async function expire(pattern: string) {
  const redis = new Redis(auth.redis.url);
  const [key = '', ...others] = await redis.keys(pattern);
  expect(others).toEqual([]);
  expect(await redis.ttl(key)).toBeLessThanOrEqual(60);
  await redis.pexpire(key, 0);
  redis.disconnect();
}

test(of('user-rejects-authentication'), async () => {
  const { url, flow } = await pushed();
  const browser = createBrowser(app);
  const page = await signInAt(browser, url, await somebody(app));
  const answer = returned(await browser.post(page, { action: 'deny' }));
  expect(answer).toMatchObject({ error: 'access_denied', state: flow.state, iss: testIssuer });
});

test.each<[string, Record<string, string>, Record<string, string>, object]>([
  ['ensure-authorization-request-without-state-success', { state: '' }, {}, { state: undefined }],
  [
    'ensure-authorization-request-with-long-state',
    { state: 'x'.repeat(1000) },
    {},
    { state: 'x'.repeat(1000) },
  ],
  [
    'ensure-different-state-inside-and-outside-request-object',
    { state: 'in' },
    { state: 'out' },
    { state: 'in' },
  ],
  ['state-only-outside-request-object-not-used', { state: '' }, { state: 'out' }, { state: undefined }],
])(of('%s'), async (_, inside, outside, { state }: { state?: string }) => {
  const request = await answered(inside, outside);
  expect([request.answer['state'], request.answer['iss']]).toEqual([state, testIssuer]);
  expect((await redeem(request)).statusCode).toBe(200);
});

test.each<[string, Record<string, string>, Record<string, string>, string | undefined]>([
  ['ensure-authorization-request-without-nonce-success', { nonce: '' }, {}, undefined],
  ['ensure-authorization-request-with-64-char-nonce-success', { nonce: 'x'.repeat(64) }, {}, 'x'.repeat(64)],
  ['ensure-authorization-request-with-long-nonce', { nonce: 'x'.repeat(384) }, {}, 'x'.repeat(384)],
  ['ensure-different-nonce-inside-and-outside-request-object', { nonce: 'in' }, { nonce: 'out' }, 'in'],
  ['ensure-other-scope-order-succeeds', { scope: 'profile openid' }, {}, 'n-1'],
  ['par-without-duplicate-parameters', {}, {}, 'n-1'],
])(of('%s'), async (_, inside, outside, nonce) => {
  expect((await idTokenOf(await answered(inside, outside)))['nonce']).toBe(nonce);
});

test.each<[string, Record<string, string>, string]>([
  ['par-ensure-pkce-required', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
  ['par-plain-pkce-rejected', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['ensure-request-object-without-redirect-uri-fails', { redirect_uri: '' }, 'invalid_request'],
  ['ensure-redirect-uri-in-authorization-request', { redirect_uri: '' }, 'invalid_request'],
  [
    'plain-fapi-tolerate-unregistered-redirect-uri',
    { redirect_uri: `${callback}/${randomUUID()}` },
    'invalid_request',
  ],
  [
    'ensure-response-type-code-idtoken-fails',
    { response_type: 'code id_token' },
    'unsupported_response_type',
  ],
  ['ensure-response-type-token-fails', { response_type: 'token' }, 'unsupported_response_type'],
  [
    'par-authorization-request-containing-request_uri-form-param',
    { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
    'request_uri_not_supported',
  ],
])(of('%s'), async (_, changes, error) => {
  expect((await pushed(changes)).error).toBe(error);
});

test.each<[string, (request: Answered) => ReturnType<typeof redeem>, string]>([
  [
    'ensure-pkce-code-verifier-required',
    (request) => redeem(request, { code_verifier: '' }),
    'invalid_request',
  ],
  [
    'incorrect-pkce-code-verifier-rejected',
    (request) => redeem(request, { code_verifier: 'x'.repeat(43) }),
    'invalid_grant',
  ],
  ['ensure-authorization-code-is-bound-to-client', (request) => redeem(request, {}, two), 'invalid_grant'],
  [
    'ensure-client-id-in-token-endpoint',
    (request) => redeem(request, { client_id: two.id }),
    'invalid_client',
  ],
  ['ensure-client-assertion-in-token-endpoint', ({ flow, code }) => flow.redeem(app, code), 'invalid_client'],
  [
    'ensure-token-endpoint-fails-with-expired-auth-code',
    async (request) => {
      await expire(`*:c:${request.code.slice(request.code.indexOf('-') + 1)}`);
      return redeem(request);
    },
    'invalid_grant',
  ],
])(of('%s'), async (_, attempt, error) => {
  expect((await attempt(await answered())).json().error).toBe(error);
});

test(of('attempt-reuse-authorization-code-after-one-second'), async () => {
  const request = await answered();
  const { access_token: token } = (await redeem(request)).json();
  expect((await redeem(request)).json().error).toBe('invalid_grant');
  await eventually('the token is refused', async () => {
    const answer = await app.inject({ url: '/userinfo', headers: { authorization: `Bearer ${token}` } });
    expect(answer.statusCode).toBe(401);
  });
});

test(of('access-token-type-header-case-sensitivity'), async () => {
  const { access_token: token } = (await redeem(await answered())).json();
  for (const type of ['bearer', 'BEARER', 'bEaReR'])
    expect(
      (await app.inject({ url: '/userinfo', headers: { authorization: `${type} ${token}` } })).statusCode,
    ).toBe(200);
});

// Without the part about DPoP.
test(of('refresh-token'), async () => {
  const request = await answered({ scope: 'openid offline_access' });
  const { refresh_token } = (await redeem(request)).json();
  const refreshed = (parameters: Record<string, string>) =>
    postToken(app, { grant_type: 'refresh_token', refresh_token, ...parameters });
  expect((await refreshed({ client_id: one.id })).json().error).toBe('invalid_client');
  expect((await refreshed({ client_id: two.id, ...proof(two) })).json().error).toBe('invalid_grant');
  expect((await refreshed({ client_id: one.id, ...proof(one) })).statusCode).toBe(200);
});

test.each<[string, AssertionChanges[]]>([
  [
    'ensure-invalid-client-assertions-fail',
    [
      { claims: { iss: two.id } },
      { claims: { jti: undefined } },
      { claims: { exp: undefined } },
      { header: { alg: 'none' } },
      { header: { alg: 'HS256' } },
      { key: keys.key('two') },
    ],
  ],
  [
    'ensure-client-assertion-with-exp-is-5-minutes-in-past-fails',
    [{ claims: { iat: Date.now() / 1000 - 360, exp: Date.now() / 1000 - 300 } }],
  ],
  ['ensure-client-assertion-with-wrong-aud-fails', [{ claims: { aud: 'https://other.example' } }]],
  ['ensure-client-assertion-with-no-sub-fails', [{ claims: { sub: undefined } }]],
])(of('%s'), async (_, all) => {
  const { parameters } = createFlow(one.id);
  for (const changes of all) {
    const answer = await post('/par', { ...parameters, ...proof(one, changes) });
    expect([answer.json().error, changes]).toEqual(['invalid_client', changes]);
  }
  expect((await post('/par', { ...parameters, ...proof(one) })).statusCode).toBe(201);
});

test(of('par-attempt-invalid-http-method'), async () => {
  const answer = await post('/par', { ...createFlow(one.id).parameters, ...proof(one) }, 'PUT');
  expect(answer.statusCode).toBe(405);
});

test.each<[string, (request: Awaited<ReturnType<typeof pushed>>) => Promise<string>]>([
  [
    'par-attempt-reuse-request_uri',
    async ({ url }) => {
      await authorize(createBrowser(app), { url }, await somebody(app));
      return url;
    },
  ],
  [
    'par-attempt-to-use-expired-request_uri',
    async ({ url, request_uri }) => {
      await expire(`*${request_uri.slice(request_uri.lastIndexOf(':') + 1)}*`);
      return url;
    },
  ],
  ['par-attempt-to-use-request_uri-for-different-client', async ({ url }) => url.replace(one.id, two.id)],
])(of('%s'), async (_, urlOf) => {
  const answer = await createBrowser(app).get(await urlOf(await pushed()));
  expect([answer.statusCode, answer.headers.location]).toEqual([400, undefined]);
});

test(of('test-claims-parameter-identity-claims'), async () => {
  const claims = JSON.stringify({ id_token: { preferred_username: { essential: true } } });
  const request = await answered({ claims });
  expect(await idTokenOf(request)).toMatchObject({ preferred_username: expect.any(String) });
});

const prover = createProver();
const proofOf = (changes: Partial<ProofRequest> = {}) =>
  prover.prove({ method: 'POST', url: `${testIssuer}/token`, ...changes });
const redeemBound = ({ flow, code }: Answered, dpop: string) =>
  flow.redeem(app, code, { client_id: one.id, ...proof(one) }, { dpop });
const userInfo = (authorization: string, dpop?: string) =>
  app.inject({ url: '/userinfo', headers: { authorization, ...(dpop !== undefined && { dpop }) } });

test(of('happy-flow'), async () => {
  const { access_token: accessToken, token_type } = (await redeemBound(await answered(), proofOf())).json();
  expect(token_type).toBe('DPoP');
  const dpop = proofOf({ method: 'GET', url: `${testIssuer}/userinfo`, accessToken });
  expect((await userInfo(`DPoP ${accessToken}`, dpop)).statusCode).toBe(200);
});

test(of('ensure-holder-of-key-required'), async () => {
  const { access_token: token } = (await redeemBound(await answered(), proofOf())).json();
  for (const scheme of ['Bearer', 'DPoP'])
    expect((await userInfo(`${scheme} ${token}`)).statusCode).toBe(401);
});

test(of('dpop-negative-tests'), async () => {
  const request = await answered();
  const used = proofOf();
  for (const dpop of [proofOf({ method: 'GET' }), proofOf({ url: `${testIssuer}/par` }), 'x.y.z'])
    expect((await redeemBound(request, dpop)).json().error).toBe('invalid_dpop_proof');
  expect((await redeemBound(request, used)).statusCode).toBe(200);
  expect((await redeemBound(await answered(), used)).json().error).toBe('invalid_dpop_proof');
});
