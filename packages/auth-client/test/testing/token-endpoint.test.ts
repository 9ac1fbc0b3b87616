import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServiceIdentity, type ServiceIdentity } from '../../src/index.ts';
import { createTestIssuer, type MintOverrides, type TestIssuer } from '../../src/testing/index.ts';
import { type JwksServer, json, startJwksServer } from '../key-set/jwks-server.ts';
import { decoded, segmentsOf } from '../tokens.ts';
import { exchangeCases, exchangePolicy, personScopes } from './exchange-cases.ts';

// The test issuer must refuse what auth-service refuses, or tests made with it prove nothing.

type Actor = keyof typeof exchangePolicy;
const actors = Object.keys(exchangePolicy) as Actor[];

const identities = {} as Record<Actor, ServiceIdentity>;
let keys: JwksServer;
let issuer: TestIssuer;

beforeAll(async () => {
  for (const clientId of actors) identities[clientId] = createServiceIdentity({ clientId });
  await Promise.all(actors.map((actor) => identities[actor].ready()));
  const published = await Promise.all(actors.map((actor) => identities[actor].publicKeys()));
  keys = await startJwksServer(json({ keys: published.flat() }));
  const clients = actors.map((actor) => [actor, { jwksUri: keys.jwksUri, ...exchangePolicy[actor] }]);
  issuer = await createTestIssuer({ audience: actors, clients: Object.fromEntries(clients) });
});

afterAll(async () => {
  for (const actor of actors) identities[actor].close();
  await issuer.close();
  await keys.close();
});

const mint = (overrides: MintOverrides = {}): string => issuer.mint({ scope: personScopes, ...overrides });

async function exchange(
  changes: Readonly<Record<string, string | undefined>> = {},
  actor: Actor = 'payment-service',
): Promise<[number, Record<string, unknown>]> {
  const parameters: Record<string, string | undefined> = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: actor,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await identities[actor].assertion(issuer.issuer),
    subject_token: mint(),
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: 'cart-service',
    ...changes,
  };
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) body.set(name, value);
  const response = await fetch(issuer.tokenEndpoint, { method: 'POST', body });
  return [response.status, (await response.json()) as Record<string, unknown>];
}

describe('the token endpoint of a test issuer', () => {
  it('answers as RFC 8693 §2.2.1 says, with a token for one audience that names the actor', async () => {
    const claims = { auth_time: 1_700_000_000, acr: 'urn:example:password' };
    const [status, body] = await exchange({
      subject_token: mint({ subject: 'user-7', sessionId: 'session-7', lifetimeSeconds: 100, claims }),
      scope: 'cart:checkout',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      scope: 'cart:checkout',
    });
    expect(body.expires_in).toBeLessThanOrEqual(100);
    const issued = JSON.parse(decoded(segmentsOf(String(body.access_token))[1] ?? '').toString());
    expect(issued).toMatchObject({
      sub: 'user-7',
      sid: 'session-7',
      aud: 'cart-service',
      client_id: 'payment-service',
      scope: 'cart:checkout',
      act: { sub: 'payment-service' },
      ...claims,
    });
  });

  it.each(exchangeCases)('decides as auth-service: $name', async ({ actor, held, parameters, answer }) => {
    const subject_token = mint(held === undefined ? {} : { scope: held });
    const given = await exchange({ subject_token, ...parameters }, actor);
    if ('scope' in answer) expect(given).toMatchObject([200, answer]);
    else expect(given).toEqual([400, answer]);
  });

  it.each<[string, string, () => Record<string, string | undefined>]>([
    ['an unknown client', 'invalid_client', () => ({ client_id: 'stranger' })],
    ['no assertion', 'invalid_client', () => ({ client_assertion: undefined })],
    ['another grant', 'unsupported_grant_type', () => ({ grant_type: 'password' })],
    ['an expired token', 'invalid_grant', () => ({ subject_token: issuer.expired() })],
    [
      'a token that was sent to another',
      'invalid_grant',
      () => ({ subject_token: mint({ audience: 'cart-service' }) }),
    ],
    ['a token of nobody', 'invalid_grant', () => ({ subject_token: 'a.b.c' })],
    ['a forged token', 'invalid_grant', () => ({ subject_token: `${mint().slice(0, -10)}AAAAAAAAAA` })],
    [
      'a service’s own token',
      'invalid_grant',
      () => ({
        subject_token: mint({ claims: { sub: 'x', client_id: 'x', sid: undefined, auth_time: undefined } }),
      }),
    ],
    [
      'a chain of two',
      'invalid_target',
      () => ({ subject_token: mint({ claims: { act: { sub: 'a', act: { sub: 'b' } } } }) }),
    ],
  ])('refuses %s', async (_name, error, changes) => {
    expect(await exchange(changes())).toEqual([error === 'invalid_client' ? 401 : 400, { error }]);
  });

  it('takes an assertion once', async () => {
    const client_assertion = await identities['payment-service'].assertion(issuer.issuer);
    expect((await exchange({ client_assertion }))[0]).toBe(200);
    expect(await exchange({ client_assertion })).toEqual([401, { error: 'invalid_client' }]);
  });

  it('takes no assertion for another issuer', async () => {
    const client_assertion = await identities['payment-service'].assertion('https://other.example');
    expect(await exchange({ client_assertion })).toEqual([401, { error: 'invalid_client' }]);
  });

  it('exchanges nothing of a session that has ended', async () => {
    const subject_token = mint({ sessionId: 'session-9' });
    expect((await exchange({ subject_token }))[0]).toBe(200);
    issuer.endSession('session-9');
    expect(await exchange({ subject_token })).toEqual([400, { error: 'invalid_grant' }]);
    const revoked = mint({ sessionId: 'session-10' });
    issuer.revoke({ kind: 'session', id: 'session-10', reason: 'sign_out' });
    expect(await exchange({ subject_token: revoked })).toEqual([400, { error: 'invalid_grant' }]);
  });

  it('gives a service tokens in its own name, for the issuer’s feed', async () => {
    const own = { grant_type: 'client_credentials', audience: undefined };
    const [status, body] = await exchange({ ...own, scope: 'revocations:read' });
    expect([status, body]).toMatchObject([
      200,
      { scope: 'revocations:read', token_type: 'Bearer', expires_in: 300 },
    ]);
    expect(body).not.toHaveProperty('issued_token_type');
    const claims = JSON.parse(decoded(segmentsOf(String(body.access_token))[1] ?? '').toString());
    expect(claims).toMatchObject({
      sub: 'payment-service',
      client_id: 'payment-service',
      aud: 'auth-service',
      scope: 'revocations:read',
    });
    expect(claims).not.toHaveProperty('sid');
    expect((await exchange(own))[1].scope).toBe('revocations:read');
    expect(await exchange({ ...own, scope: 'cart:read' })).toEqual([400, { error: 'invalid_scope' }]);
    expect(await exchange({ ...own, client_assertion: 'x' })).toEqual([401, { error: 'invalid_client' }]);
    issuer.addClient('payment-service', { jwksUri: keys.jwksUri, ownScopes: [] });
    expect(await exchange(own)).toEqual([400, { error: 'unauthorized_client' }]);
  });
});
