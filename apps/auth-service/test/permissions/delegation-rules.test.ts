import { describe, expect, test } from 'vitest';
import { delegationPolicy } from '../../src/permissions/delegation-policy.ts';
import { type DelegationRequest, decideDelegation } from '../../src/permissions/delegation-rules.ts';

const decide = (changes: Partial<DelegationRequest>) =>
  decideDelegation(delegationPolicy, {
    actor: 'payment-service',
    audience: 'cart-service',
    heldScopes: ['cart:read', 'cart:write', 'payment:write'],
    actors: [],
    askedScopes: undefined,
    ...changes,
  });

const wishlist = { actor: 'wishlist-service' };

describe('allowed', () => {
  test.each<[string, Partial<DelegationRequest>, string[]]>([
    ['all that the policy lets pass, when nothing is asked for', {}, ['cart:read', 'cart:checkout']],
    ['fewer, when asked for', { askedScopes: ['cart:checkout'] }, ['cart:checkout']],
    [
      'without the actor’s own scope, when the person lacks what it requires',
      { heldScopes: ['cart:read'] },
      ['cart:read'],
    ],
    [
      'with the actor’s own scope alone, when the person lacks the others',
      { heldScopes: ['payment:write'] },
      ['cart:checkout'],
    ],
    ['other scopes for another actor', wishlist, ['cart:write']],
  ])('%s', (_what, changes, scopes) => {
    const actor = changes.actor ?? 'payment-service';
    expect(decide(changes)).toEqual({ allowed: true, scopes, actors: [actor] });
  });

  test('the chain grows at its head', () => {
    expect(decide({ actors: ['wishlist-service'] })).toMatchObject({
      actors: ['payment-service', 'wishlist-service'],
    });
  });
});

test.each<[string, Partial<DelegationRequest>, string, string]>([
  [
    'a scope that the person lacks',
    { heldScopes: ['payment:write'], askedScopes: ['cart:read'] },
    'invalid_scope',
    'scope_not_allowed',
  ],
  [
    'a scope that the person has and the policy does not name',
    { askedScopes: ['cart:read', 'cart:write'] },
    'invalid_scope',
    'scope_not_allowed',
  ],
  ['a scope of another service', { askedScopes: ['payment:write'] }, 'invalid_scope', 'scope_not_allowed'],
  [
    'another actor’s own scope',
    { ...wishlist, askedScopes: ['cart:checkout'] },
    'invalid_scope',
    'scope_not_allowed',
  ],
  [
    'the actor’s own scope without what it requires',
    { heldScopes: ['cart:read'], askedScopes: ['cart:checkout'] },
    'invalid_scope',
    'scope_not_allowed',
  ],
  ['a person with none of the scopes', { heldScopes: ['wishlist:read'] }, 'invalid_scope', 'no_scope_left'],
  ['a service toward which nothing is said', { audience: 'wishlist-service' }, 'invalid_target', 'no_policy'],
  ['auth-service', { audience: 'auth-service' }, 'invalid_target', 'no_policy'],
  ['oneself', { audience: 'payment-service' }, 'invalid_target', 'no_policy'],
  ['what every object inherits', { audience: 'constructor' }, 'invalid_target', 'no_policy'],
  ['an actor without policy', { actor: 'cart-service' }, 'invalid_target', 'no_policy'],
  ['an actor that nobody knows', { actor: '__proto__' }, 'invalid_target', 'no_policy'],
  ['a third actor', { actors: ['wishlist-service', 'cart-service'] }, 'invalid_target', 'too_many_actors'],
])('refused: %s', (_what, changes, error, reason) => {
  expect(decide(changes)).toEqual({ allowed: false, error, reason });
});
