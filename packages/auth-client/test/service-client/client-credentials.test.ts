import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type AccessTokenSource,
  type ClientCredentialsOptions,
  createClientCredentials,
  createServiceIdentity,
  type ServiceIdentity,
} from '../../src/index.ts';
import {
  createSigningKey,
  createTestIssuer,
  type SigningKey,
  type TestIssuer,
} from '../../src/testing/index.ts';
import { createTestClock, type TestClock } from '../clock.ts';
import { type JwksServer, json, startJwksServer } from '../key-set/jwks-server.ts';
import { decoded, segmentsOf } from '../tokens.ts';

let signingKey: SigningKey;
let identity: ServiceIdentity;
let keys: JwksServer;
let issuer: TestIssuer;
let clock: TestClock;

beforeAll(async () => {
  signingKey = await createSigningKey();
});

beforeEach(async () => {
  clock = createTestClock();
  identity = createServiceIdentity({ clientId: 'cart-service' });
  await identity.ready();
  keys = await startJwksServer(json({ keys: await identity.publicKeys() }));
  issuer = await createTestIssuer({ signingKey, clients: { 'cart-service': { jwksUri: keys.jwksUri } } });
});

afterEach(async () => {
  identity.close();
  await Promise.all([issuer.close(), keys.close()]);
});

function create(options: Partial<ClientCredentialsOptions> = {}): AccessTokenSource {
  const { issuer: iss, tokenEndpoint } = issuer;
  return createClientCredentials({
    identity,
    issuer: iss,
    tokenEndpoint,
    scopes: ['revocations:read'],
    clock,
    ...options,
  });
}

const claimsOf = (token: string) => JSON.parse(decoded(segmentsOf(token)[1] ?? '').toString());

describe('client credentials', () => {
  it('are a token in the service’s own name, with the scopes that were asked for', async () => {
    const claims = claimsOf(await create()());
    expect(claims).toMatchObject({
      sub: 'cart-service',
      client_id: 'cart-service',
      scope: 'revocations:read',
    });
    expect(claims).not.toHaveProperty('sid');
    expect(claimsOf(await create({ scopes: [] })()).scope).toBe('revocations:read');
  });

  it('are not requested before they are needed, and then once for all callers', async () => {
    const accessToken = create();
    expect(issuer.tokenRequests).toBe(0);
    const tokens = await Promise.all(Array.from({ length: 100 }, () => accessToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(issuer.tokenRequests).toBe(1);
  });

  it('are kept until 15 s before they expire, whatever the time of day is set to', async () => {
    const accessToken = create();
    const first = await accessToken();
    clock.advance(280);
    clock.step(-3600);
    expect(await accessToken()).toBe(first);
    clock.step(7200);
    expect(await accessToken()).toBe(first);
    clock.advance(6);
    expect(await accessToken()).not.toBe(first);
    expect(issuer.tokenRequests).toBe(2);
  });

  it('that a service refused are not returned again; a refusal of other ones causes no request', async () => {
    const accessToken = create();
    const first = await accessToken();
    expect(await accessToken('another')).toBe(first);
    const second = await accessToken(first);
    expect(second).not.toBe(first);
    expect(await accessToken(first)).toBe(second);
    expect(issuer.tokenRequests).toBe(2);
  });

  it('that cannot be fetched are an error for all waiting callers, and are requested again', async () => {
    let isDown = true;
    const accessToken = create({
      fetch: (input, init) =>
        isDown ? Promise.reject(new TypeError('fetch failed')) : globalThis.fetch(input, init),
    });
    const outcomes = await Promise.allSettled([accessToken(), accessToken()]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { error: 'unreachable' } });
    isDown = false;
    expect(claimsOf(await accessToken()).sub).toBe('cart-service');
  });

  it.each<[string, Partial<ClientCredentialsOptions>, string]>([
    ['a scope that the service may not have', { scopes: ['cart:read'] }, 'invalid_scope'],
    [
      'an answer that takes too long',
      {
        timeoutMs: 50,
        fetch: (_input, init) =>
          new Promise((_resolve, reject) => {
            init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
          }),
      },
      'timeout',
    ],
    [
      'an answer that is none',
      { fetch: async () => Response.json({ access_token: 'a' }) },
      'malformed answer',
    ],
    ['an answer that is no JSON', { fetch: async () => new Response('<html>') }, 'malformed answer'],
    [
      'less than was asked for',
      {
        fetch: async () =>
          Response.json({ access_token: 'a', token_type: 'Bearer', expires_in: 60, scope: 'other' }),
      },
      'invalid_scope',
    ],
  ])('are refused: %s', async (_name, options, error) => {
    await expect(create(options)()).rejects.toMatchObject({ code: 'token_endpoint', error });
  });

  it('with a short lifetime are kept for half of it', async () => {
    let asked = 0;
    const accessToken = create({
      fetch: async () => {
        asked += 1;
        return Response.json({ access_token: `token-${asked}`, token_type: 'Bearer', expires_in: 20 });
      },
    });
    expect(await accessToken()).toBe('token-1');
    clock.advance(5);
    expect(await accessToken()).toBe('token-1');
    clock.advance(6);
    expect(await accessToken()).toBe('token-2');
  });
});
