import { createPublicKey, verify } from 'node:crypto';
import { eventually, forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import type { PublicJwk } from '../../src/database/schema.ts';
import { decode, startAuthApp, testIssuer } from '../support/auth-app.ts';
import { createBrowser, somebody } from './authorization/authorization-fixture.ts';
import { afterwards, endSession, isSignedIn, signInTo, startApplication } from './logout-fixture.ts';

/*
 * The modules of three of the OpenID Foundation's conformance profiles, one test each with the module's name: Config OP,
 * RP-Initiated Logout OP and Back-Channel Logout OP. What each module checks is written here from its public
 * description. This claims no certification.
 */

const auth = await forThisFile(startAuthApp());
const { app } = auth;

const metadata = async () => (await app.inject('/.well-known/openid-configuration')).json();
const publishedKeys = async (): Promise<PublicJwk[]> =>
  (await app.inject('/.well-known/jwks.json')).json().keys;

test('oidcc-discovery-endpoint-verification', async () => {
  const answer = await app.inject('/.well-known/openid-configuration');
  expect(answer.headers['content-type']).toContain('application/json');
  const found = answer.json();
  expect(found).toMatchObject({
    issuer: testIssuer,
    scopes_supported: expect.arrayContaining(['openid']),
    response_types_supported: ['code'],
    grant_types_supported: expect.arrayContaining(['authorization_code', 'refresh_token']),
    subject_types_supported: expect.arrayContaining(['public']),
    id_token_signing_alg_values_supported: expect.arrayContaining(['RS256']),
    claims_supported: expect.arrayContaining(['sub', 'iss', 'aud', 'exp', 'iat']),
    // Without it, true would apply (OpenID Connect Discovery §3).
    request_uri_parameter_supported: false,
  });
  for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri'])
    expect(found[name].startsWith(`${testIssuer}/`)).toBe(true);
  const keys = await publishedKeys();
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
  for (const key of keys) {
    expect(key).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256', n: expect.any(String), e: 'AQAB' });
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(key).not.toHaveProperty(secret);
  }
});

test('oidcc-rp-initiated-logout-discovery-endpoint-verification', async () => {
  expect((await metadata()).end_session_endpoint).toBe(`${testIssuer}/end-session`);
});

/** With one character of its payload changed. */
const modified = (token: string) => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return `${header}.${payload.slice(0, 9)}${payload[9] === 'A' ? 'B' : 'A'}${payload.slice(10)}.${signature}`;
};
/** Of a stranger's key: the same header and claims, and another signature. */
const resigned = (token: string) => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return `${header}.${payload}.${[...signature].toReversed().join('')}`;
};
const uri = { post_logout_redirect_uri: afterwards };
const state = { state: 's-1' };

test.each<[string, (idToken: string) => Record<string, string>, string | undefined, 'in' | 'out']>([
  ['', (hint) => ({ id_token_hint: hint, ...uri, ...state }), `${afterwards}?state=s-1`, 'out'],
  ['-no-state', (hint) => ({ id_token_hint: hint, ...uri }), afterwards, 'out'],
  ['-no-post-logout-redirect-uri', (hint) => ({ id_token_hint: hint, ...state }), undefined, 'out'],
  [
    '-bad-post-logout-redirect-uri',
    (hint) => ({ id_token_hint: hint, post_logout_redirect_uri: `${afterwards}/x`, ...state }),
    undefined,
    'in',
  ],
  [
    '-query-added-to-post-logout-redirect-uri',
    (hint) => ({ id_token_hint: hint, post_logout_redirect_uri: `${afterwards}?foo=bar`, ...state }),
    undefined,
    'in',
  ],
  [
    '-modified-id-token-hint',
    (hint) => ({ id_token_hint: modified(hint), ...uri, ...state }),
    undefined,
    'in',
  ],
  ['-bad-id-token-hint', (hint) => ({ id_token_hint: resigned(hint), ...uri, ...state }), undefined, 'in'],
  ['-no-id-token-hint', () => ({ ...uri, ...state }), undefined, 'in'],
  ['-only-state', () => state, undefined, 'in'],
  ['-no-params', () => ({}), undefined, 'in'],
])('oidcc-rp-initiated-logout%s', async (_, parameters, location, expected) => {
  const application = await startApplication(auth);
  const browser = createBrowser(app);
  const tokens = await signInTo(auth, browser, { ...application, username: await somebody(app) });
  const answer = await browser.get(endSession(parameters(tokens.id_token)));
  expect(answer.headers.location).toBe(location);
  if (location === undefined) expect(answer.headers['content-type']).toContain('text/html');
  expect(await isSignedIn(browser, application)).toBe(expected === 'in');
});

test('oidcc-backchannel-logout-discovery-endpoint-verification', async () => {
  expect(await metadata()).toMatchObject({
    end_session_endpoint: `${testIssuer}/end-session`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  });
});

test('oidcc-backchannel-rp-initiated-logout', async () => {
  const application = await startApplication(auth);
  const browser = createBrowser(app);
  const { id_token, claims } = await signInTo(auth, browser, {
    ...application,
    username: await somebody(app),
  });
  await browser.get(endSession({ id_token_hint: id_token, ...uri }));
  await eventually('it is told', () => expect(application.tokens).toHaveLength(1));
  const [token = ''] = application.tokens;
  const { header, claims: told } = decode(token);
  expect(header).toMatchObject({ alg: 'RS256', typ: 'logout+jwt' });
  expect(told).toMatchObject({
    iss: testIssuer,
    aud: application.id,
    sub: claims['sub'],
    sid: claims['sid'],
    iat: expect.any(Number),
    exp: expect.any(Number),
    jti: expect.any(String),
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  });
  expect(told).not.toHaveProperty('nonce');
  const key = (await publishedKeys()).find(({ kid }) => kid === header['kid']);
  const [head, payload, signature = ''] = token.split('.');
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(`${head}.${payload}`),
    createPublicKey({ key: key ?? {}, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
  expect(isSigned).toBe(true);
});
