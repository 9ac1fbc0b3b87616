import { createProver } from '@latchkey/auth-client/testing';
import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import {
  bearer,
  decode,
  from,
  postToken,
  register,
  signIn,
  startAuthApp,
  storefrontOrigin,
  testIssuer,
  testPassword,
} from '../support/auth-app.ts';
import { ask, createOperator, openDatabase } from '../support/operator.ts';
import { accessTokenType, startServices, tokenExchange } from '../support/services.ts';
import {
  authorize,
  createBrowser,
  createFlow,
  registerApplication,
  somebody,
} from './authorization/authorization-fixture.ts';

const services = await forThisFile(startServices(['cart-service', 'wishlist-service']));
const auth = await forThisFile(
  startAuthApp({
    env: {
      SERVICE_JWKS_URIS: services.jwksUris,
      BOUND_ONLY_SERVICES: 'wishlist-service',
      CLIENT_REGISTRATION: 'anybody',
    },
  }),
);
const { app } = auth;
const database = await forThisFile(Promise.resolve(openDatabase(auth)));
const operator = await createOperator(auth, database);

const prover = createProver();
const proofAt = (path: string) => ({ dpop: prover.prove({ method: 'POST', url: `${testIssuer}${path}` }) });
const boundOnly = { dpop_bound_access_tokens: true };
const application = await registerApplication(auth, boundOnly);
const scope = 'openid offline_access wishlist:read';

const tokensOf = (parameters: Record<string, string>, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(parameters).toString(),
  });

/** Marks one of our own clients, as the command does, and lets this replica read it. */
async function mark(clientId: string, isBoundOnly: boolean): Promise<void> {
  await database.markBoundOnly(clientId, isBoundOnly);
  const listed = await ask(auth, operator, { method: 'GET', url: '/clients' });
  expect(listed.json().clients).toContainEqual(
    expect.objectContaining({ id: clientId, dpop_bound_access_tokens: isBoundOnly }),
  );
}

describe('an application that is bound only', () => {
  test('redeems no code without a proof, with or without dpop_jkt, and the code stays good', async () => {
    for (const jkt of [{}, { dpop_jkt: prover.thumbprint }]) {
      const flow = createFlow(application.id, { scope, ...jkt });
      const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
      const without = await flow.redeem(app, code);
      expect([without.statusCode, without.json().error]).toEqual([400, 'invalid_dpop_proof']);
      const answer = await flow.redeem(app, code, {}, proofAt('/token'));
      expect([answer.statusCode, answer.json().token_type]).toEqual([200, 'DPoP']);
    }
  });

  test('refreshes with a proof alone, also when it authenticates', async () => {
    const confidential = await registerApplication(auth, {
      ...boundOnly,
      token_endpoint_auth_method: 'client_secret_basic',
    });
    for (const { id, secret } of [application, confidential]) {
      const flow = createFlow(id, { scope });
      const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
      const basic: Record<string, string> =
        secret === undefined
          ? {}
          : { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
      const redeemed = await flow.redeem(app, code, {}, { ...basic, ...proofAt('/token') });
      const parameters = {
        ...{ grant_type: 'refresh_token', refresh_token: redeemed.json().refresh_token },
        ...(secret === undefined && { client_id: id }),
      };
      expect((await tokensOf(parameters, basic)).json().error).toBe('invalid_dpop_proof');
      const renewed = await tokensOf(parameters, { ...basic, ...proofAt('/token') });
      expect(decode(renewed.json().access_token).claims['cnf']).toEqual({ jkt: prover.thumbprint });
    }
  });

  test('can push its request without a proof: it gets no token there', async () => {
    const flow = createFlow(application.id, { scope });
    const answer = await app.inject({
      method: 'POST',
      url: '/par',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(flow.parameters).toString(),
    });
    expect(answer.statusCode).toBe(201);
  });

  test('can register itself so (RFC 9449 §5.2), and is not bound only otherwise', async () => {
    for (const [asked, told] of [
      [boundOnly, true],
      [{ dpop_bound_access_tokens: false }, false],
      [{}, false],
    ] as const) {
      const answer = await app.inject({
        method: 'POST',
        url: '/register',
        headers: from('somebody who registers'),
        payload: { redirect_uris: ['https://app.example/'], token_endpoint_auth_method: 'none', ...asked },
      });
      expect([answer.statusCode, answer.json().dpop_bound_access_tokens]).toEqual([201, told]);
      const { client_id: id } = answer.json();
      const refused = await tokensOf({ grant_type: 'refresh_token', client_id: id, refresh_token: 'x' });
      expect(refused.json().error).toBe(told ? 'invalid_dpop_proof' : 'invalid_grant');
    }
    const faulty = { redirect_uris: ['https://app.example/'], dpop_bound_access_tokens: 'yes' };
    expect((await app.inject({ method: 'POST', url: '/register', payload: faulty })).statusCode).toBe(400);
  });
});

describe('one of our own clients that is bound only', () => {
  test('signs nobody in without a proof, on the command line and in a browser', async () => {
    const username = await register(app);
    for (const [client_id, headers] of [
      ['latchkey-cli', {}],
      ['storefront', { origin: storefrontOrigin }],
    ] as const) {
      await mark(client_id, true);
      const send = (more = {}) =>
        app.inject({
          ...{ method: 'POST', url: '/sessions', headers: { ...from(username), ...headers, ...more } },
          payload: { client_id, username, password: testPassword },
        });
      const refused = await send();
      expect([refused.statusCode, refused.json().code, refused.cookies]).toEqual([
        401,
        'invalid_dpop_proof',
        [],
      ]);
      expect((await send(proofAt('/sessions'))).json().token_type).toBe('DPoP');
      await mark(client_id, false);
    }
  });

  test('gets nothing more for sessions and tokens of the time before, without a proof', async () => {
    const session = await signIn(app, await register(app));
    await mark('latchkey-cli', true);
    const parameters = {
      ...{ grant_type: 'refresh_token', client_id: 'latchkey-cli', refresh_token: session.refresh_token },
    };
    expect((await postToken(app, parameters)).json().error).toBe('invalid_dpop_proof');
    const again = await app.inject({
      ...{ method: 'POST', url: '/sessions/current/reauthentication', payload: { password: testPassword } },
      headers: bearer(session.access_token),
    });
    expect([again.statusCode, again.json().code]).toEqual([401, 'invalid_dpop_proof']);
    const proven = await tokensOf(parameters, proofAt('/token'));
    expect(proven.json().token_type).toBe('DPoP');
    await mark('latchkey-cli', false);
  });
});

describe('a service that is bound only', () => {
  test('gets neither its own token nor an exchanged one without a proof; another service does', async () => {
    const { access_token: subject_token } = await signIn(app, await register(app));
    const own = { grant_type: 'client_credentials' };
    const exchange = {
      ...{ grant_type: tokenExchange, subject_token, subject_token_type: accessTokenType },
      audience: 'cart-service',
    };
    for (const parameters of [own, exchange]) {
      const credentials = () => ({ ...parameters, ...services.credentials('wishlist-service') });
      expect((await tokensOf(credentials())).json().error).toBe('invalid_dpop_proof');
      const { access_token, token_type } = (await tokensOf(credentials(), proofAt('/token'))).json();
      expect([token_type, decode(access_token).claims['cnf']]).toEqual(['DPoP', { jkt: prover.thumbprint }]);
    }
    const other = await tokensOf({ ...own, ...services.credentials('cart-service') });
    expect(other.json().token_type).toBe('Bearer');
  });

  test('must be one that we know', async () => {
    await expect(startAuthApp({ env: { BOUND_ONLY_SERVICES: 'nobody' } })).rejects.toThrow(
      'BOUND_ONLY_SERVICES',
    );
  });
});
