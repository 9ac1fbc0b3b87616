import { createProver, type ProofRequest, type Prover } from '@latchkey/auth-client/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decode, postToken, startAuthApp, testIssuer } from '../support/auth-app.ts';
import { openDatabase } from '../support/operator.ts';
import { startServices } from '../support/services.ts';
import {
  authorize,
  createBrowser,
  createFlow,
  registerApplication,
  somebody,
} from './authorization/authorization-fixture.ts';

let ahead = 0;
const auth = await forThisFile(startAuthApp({ clock: () => Date.now() + ahead }));
const { app } = auth;
const application = await registerApplication(auth);
const prover = createProver();

const tokenUrl = `${testIssuer}/token`;
const proofFor = (
  by: Prover = prover,
  changes: Partial<ProofRequest> = {},
  claims: Record<string, unknown> = {},
) => by.prove({ method: 'POST', url: tokenUrl, ...changes }, { claims });

const scope = 'openid offline_access wishlist:read';

/** Signs somebody in. `headers`: of the token request. */
async function signIn(headers: Record<string, string> = { dpop: proofFor() }, client = application) {
  const flow = createFlow(client.id, { scope });
  const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
  const basic = client.secret && {
    authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`,
  };
  return { flow, code, answer: await flow.redeem(app, code, {}, { ...headers, ...basic }) };
}

const refreshWith = (refresh_token: string, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams({
      ...{ grant_type: 'refresh_token', client_id: application.id, refresh_token },
    }).toString(),
  });

const userInfo = (token: string, headers: Record<string, string>) =>
  app.inject({
    url: '/userinfo',
    headers: { ...headers, authorization: `${headers['dpop'] ? 'DPoP' : 'Bearer'} ${token}` },
  });

describe('a client that proves to have a key', () => {
  test('gets tokens that are bound to it, and can use them', async () => {
    const { answer } = await signIn();
    const { access_token, token_type } = answer.json();
    expect(token_type).toBe('DPoP');
    expect(decode(access_token).claims['cnf']).toEqual({ jkt: prover.thumbprint });
    // RFC 9449 §11.3: a client that has a nonce must use it, and this one needs none.
    expect(answer.headers['dpop-nonce']).toBeUndefined();
    const proof = prover.prove({ method: 'GET', url: `${testIssuer}/userinfo`, accessToken: access_token });
    expect((await userInfo(access_token, { dpop: proof })).statusCode).toBe(200);
    expect((await userInfo(access_token, {})).statusCode).toBe(401);
    expect((await userInfo(access_token, { dpop: proof })).json().code).toBe('invalid_dpop_proof');
  });

  test('refreshes with that key alone; whoever has copied the refresh token gets nothing, and ends nothing', async () => {
    const { refresh_token } = (await signIn()).answer.json();
    for (const headers of [{}, { dpop: proofFor(createProver()) }])
      expect((await refreshWith(refresh_token, headers)).json().error).toBe('invalid_dpop_proof');
    const renewed = await refreshWith(refresh_token, { dpop: proofFor() });
    expect(renewed.statusCode).toBe(200);
    expect(decode(renewed.json().access_token).claims['cnf']).toEqual({ jkt: prover.thumbprint });
  });

  test('that loses replies is not signed out, however late it comes back', async () => {
    const { refresh_token: first } = (await signIn()).answer.json();
    const lost = (await refreshWith(first, { dpop: proofFor() })).json().refresh_token;
    for (const later of [11, 60, 3600, 86_400]) {
      ahead = later * 1000;
      // Its clock is the machine's, so in the end it needs our nonce.
      const answer = await refreshWith(first, { dpop: proofFor() });
      const nonce = answer.headers['dpop-nonce'] as string | undefined;
      const again =
        nonce === undefined ? answer : await refreshWith(first, { dpop: proofFor(prover, { nonce }) });
      expect([again.statusCode, again.json().refresh_token]).toEqual([200, lost]);
    }
    ahead = 0;
    expect((await refreshWith(lost, { dpop: proofFor() })).statusCode).toBe(200);
  });

  test('and authenticates may change its key, since its refresh token is its own', async () => {
    const confidential = await registerApplication(auth, {
      token_endpoint_auth_method: 'client_secret_basic',
    });
    const { answer } = await signIn({ dpop: proofFor() }, confidential);
    const { access_token, refresh_token } = answer.json();
    expect(decode(access_token).claims['cnf']).toEqual({ jkt: prover.thumbprint });
    const other = createProver();
    const headers = {
      dpop: proofFor(other),
      authorization: `Basic ${Buffer.from(`${confidential.id}:${confidential.secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    };
    const payload = new URLSearchParams({ grant_type: 'refresh_token', refresh_token }).toString();
    const renewed = await app.inject({ method: 'POST', url: '/token', headers, payload });
    expect(decode(renewed.json().access_token).claims['cnf']).toEqual({ jkt: other.thumbprint });
  });
});

test('a client without a proof gets bearer tokens, as before', async () => {
  const { access_token, token_type, refresh_token } = (await signIn({})).answer.json();
  expect([token_type, decode(access_token).claims['cnf']]).toEqual(['Bearer', undefined]);
  expect((await userInfo(access_token, {})).statusCode).toBe(200);
  const renewed = (await refreshWith(refresh_token, { dpop: proofFor() })).json();
  expect(decode(renewed.access_token).claims['cnf']).toEqual({ jkt: prover.thumbprint });
});

describe('a proof', () => {
  test.each<[string, Record<string, unknown>]>([
    ['for another method', { htm: 'GET' }],
    ['for another URL', { htu: `${testIssuer}/authorize` }],
    ['for another server', { htu: 'https://evil.example/token' }],
  ])('%s is refused, and uses up no code', async (_, claims) => {
    const { flow, code, answer } = await signIn({ dpop: proofFor(prover, {}, claims) });
    expect([answer.statusCode, answer.json().error]).toEqual([400, 'invalid_dpop_proof']);
    expect((await flow.redeem(app, code, {}, { dpop: proofFor() })).statusCode).toBe(200);
  });

  test('is good once, at all replicas', async () => {
    const dpop = proofFor();
    expect((await signIn({ dpop })).answer.statusCode).toBe(200);
    const replica = await auth.startReplica();
    const { flow, code } = await signIn({ dpop });
    expect((await flow.redeem(replica, code, {}, { dpop })).json().error).toBe('invalid_dpop_proof');
  });

  test('of a client whose clock is ten minutes off is good with our nonce', async () => {
    const iat = Math.floor(Date.now() / 1000) - 600;
    const { flow, code, answer } = await signIn({ dpop: proofFor(prover, {}, { iat }) });
    expect(answer.json().error).toBe('use_dpop_nonce');
    const nonce = String(answer.headers['dpop-nonce']);
    const again = await flow.redeem(app, code, {}, { dpop: proofFor(prover, { nonce }, { iat }) });
    expect(again.statusCode).toBe(200);
  });
});

test('a code that was asked for with a key is worth nothing without it (RFC 9449 §10)', async () => {
  for (const pushed of [false, true]) {
    const flow = createFlow(application.id, { scope, ...(!pushed && { dpop_jkt: prover.thumbprint }) });
    const answer = await app.inject({
      method: 'POST',
      url: '/par',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        dpop: prover.prove({ method: 'POST', url: `${testIssuer}/par` }),
      },
      payload: new URLSearchParams(flow.parameters).toString(),
    });
    const request = new URLSearchParams({
      client_id: application.id,
      request_uri: answer.json().request_uri,
    });
    const url = pushed ? `/authorize?${request}` : flow.url;
    const { code = '' } = await authorize(createBrowser(app), { url }, await somebody(app));
    for (const headers of [{}, { dpop: proofFor(createProver()) }])
      expect((await flow.redeem(app, code, {}, headers)).json().error).toBe('invalid_grant');
    expect((await flow.redeem(app, code, {}, { dpop: proofFor() })).statusCode).toBe(200);
  }
});

test('the metadata says which proofs are understood', async () => {
  const document = (await app.inject('/.well-known/openid-configuration')).json();
  expect(document.dpop_signing_alg_values_supported).toEqual(['ES256', 'EdDSA', 'RS256']);
});

test('a foreign key is in the audit log', async () => {
  const { access_token, refresh_token } = (await signIn()).answer.json();
  await refreshWith(refresh_token, { dpop: proofFor(createProver()) });
  const database = openDatabase(auth);
  await eventually('it is written', async () => {
    const events = await database.eventsOf(String(decode(access_token).claims['sub']));
    expect(events.map(({ event }) => event)).toContain('refresh.foreign_key');
  });
  await database.close();
});

test('a proof is for the issuer’s URL with its path, or for an address by which services call auth-service', async () => {
  const issuer = 'https://login.example/auth';
  const services = await startServices(['cart-service'], issuer);
  const elsewhere = await startAuthApp({
    env: {
      ...{ ISSUER: issuer, JWKS_URI: `${issuer}/.well-known/jwks.json` },
      ...{ INTERNAL_URLS: 'http://auth.internal:4000', SERVICE_JWKS_URIS: services.jwksUris },
    },
  });
  onTestFinished(async () => {
    await elsewhere.stop();
    await services.close();
  });
  const answerTo = async (url: string) => {
    const parameters = { grant_type: 'client_credentials', ...services.credentials('cart-service') };
    const headers = { dpop: proofFor(prover, { url }), host: new URL(url).host };
    return (await postToken(elsewhere.app, parameters, headers)).json();
  };
  for (const url of [`${issuer}/token`, 'http://auth.internal:4000/token'])
    expect((await answerTo(url)).token_type).toBe('DPoP');
  for (const url of ['https://login.example/token', 'http://auth.internal:4000/auth/token', tokenUrl])
    expect((await answerTo(url)).error).toBe('invalid_dpop_proof');
});

test('while Redis stands still a proof is not accepted: 503, and nothing has happened', async () => {
  const { refresh_token } = (await signIn()).answer.json();
  const dpop = proofFor();
  process.kill(auth.redis.pid, 'SIGSTOP');
  const answer = await refreshWith(refresh_token, { dpop }).finally(() =>
    process.kill(auth.redis.pid, 'SIGCONT'),
  );
  expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([
    503,
    'proof_store_unavailable',
    '1',
  ]);
  await eventually('Redis serves again', async () =>
    expect((await refreshWith(refresh_token, { dpop: proofFor() })).statusCode).toBe(200),
  );
});
