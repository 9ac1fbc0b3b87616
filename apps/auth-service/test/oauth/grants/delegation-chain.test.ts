import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import type { DelegationPolicy } from '../../../src/permissions/delegation-policy.ts';
import { decode, postToken, register, signIn, startAuthApp } from '../../support/auth-app.ts';
import { accessTokenType, startServices, tokenExchange } from '../../support/services.ts';

// Chains longer than our services need, and a service that uses its own token at another service.
const policy: DelegationPolicy = {
  'wishlist-service': {
    ownScopes: ['payment:read'],
    toward: { 'payment-service': { scopes: ['payment:read', 'payment:write', 'cart:read'] } },
  },
  'payment-service': {
    ownScopes: [],
    toward: {
      'cart-service': {
        scopes: ['cart:read'],
        actorScopes: { 'cart:checkout': { requires: ['payment:write'] } },
      },
    },
  },
  'cart-service': { ownScopes: [], toward: { 'wishlist-service': { scopes: ['cart:read'] } } },
};

const services = await forThisFile(startServices(Object.keys(policy)));
const auth = await forThisFile(
  startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris }, delegationPolicy: policy }),
);
const personsToken = (await signIn(auth.app, await register(auth.app))).access_token;

async function exchange(actor: string, audience: string, subjectToken: string) {
  const answer = await postToken(auth.app, {
    grant_type: tokenExchange,
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
    audience,
    ...services.credentials(actor),
  });
  return answer.json();
}

test('a token that was exchanged is exchanged again: the chain names both, the latest first', async () => {
  const first = await exchange('wishlist-service', 'payment-service', personsToken);
  const second = await exchange('payment-service', 'cart-service', first.access_token);
  const person = decode(personsToken).claims;
  expect(second.scope).toBe('cart:read cart:checkout');
  expect(decode(second.access_token).claims).toMatchObject({
    sub: person['sub'],
    sid: person['sid'],
    auth_time: person['auth_time'],
    aud: ['cart-service'],
    client_id: 'payment-service',
    act: { sub: 'payment-service', act: { sub: 'wishlist-service' } },
  });
  const [exp1, exp2] = [first, second].map(
    ({ access_token }) => decode(access_token).claims['exp'] as number,
  );
  expect(exp1).toBeLessThanOrEqual(person['exp'] as number);
  expect(exp2).toBeLessThanOrEqual(exp1 ?? 0);
});

test('a third actor is refused, though the policy names it', async () => {
  const first = await exchange('wishlist-service', 'payment-service', personsToken);
  const second = await exchange('payment-service', 'cart-service', first.access_token);
  expect(await exchange('cart-service', 'wishlist-service', second.access_token)).toEqual({
    error: 'invalid_target',
    error_description: expect.any(String),
  });
});

test('a service’s own token is not exchanged like a person’s, even by the service to which it was sent', async () => {
  const own = { grant_type: 'client_credentials', ...services.credentials('wishlist-service') };
  const { access_token } = (await postToken(auth.app, own)).json();
  expect(decode(access_token).claims['aud']).toEqual(['payment-service']);
  expect(await exchange('payment-service', 'cart-service', access_token)).toMatchObject({
    error: 'invalid_grant',
  });
  expect(auth.logs()).toContain('"reason":"service_token"');
});

test('a service without a scope of its own gets no token in its own name', async () => {
  const own = { grant_type: 'client_credentials', ...services.credentials('payment-service') };
  expect((await postToken(auth.app, own)).json().error).toBe('unauthorized_client');
});
