/**
 * Exchanges (RFC 8693) of a person's token for one for cart-service. auth-service and the test issuer both run them,
 * because tests with that issuer prove something only if both agree.
 */
export type ExchangeCase = {
  readonly name: string;
  /** The client. Default payment-service. */
  readonly actor?: keyof typeof exchangePolicy;
  /** The scopes of the person's token. Default `personScopes`. */
  readonly held?: string;
  /** Parameters that are added to a valid exchange for cart-service or replace its own; undefined omits one. */
  readonly parameters?: Readonly<Record<string, string | undefined>>;
  /** The scope of the new token, or the error of a 400. */
  readonly answer: { readonly scope: string } | { readonly error: string };
};

/** The permissions of each service toward others, as in auth-service's own policy. */
export const exchangePolicy = {
  'payment-service': {
    toward: {
      'cart-service': {
        scopes: ['cart:read'],
        actorScopes: { 'cart:checkout': { requires: ['payment:write'] } },
      },
    },
  },
  'wishlist-service': { toward: { 'cart-service': { scopes: ['cart:write'] } } },
  'cart-service': { toward: {} },
};

export const personScopes = 'cart:read cart:write wishlist:read wishlist:write payment:read payment:write';

const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const refreshToken = 'urn:ietf:params:oauth:token-type:refresh_token';
const idToken = 'urn:ietf:params:oauth:token-type:id_token';

function refused(
  error: string,
  cases: Readonly<Record<string, Omit<ExchangeCase, 'name' | 'answer'>>>,
): ExchangeCase[] {
  return Object.entries(cases).map(([name, exchange]) => ({ name, ...exchange, answer: { error } }));
}

export const exchangeCases: readonly ExchangeCase[] = [
  { name: 'no scope: all that are allowed', answer: { scope: 'cart:read cart:checkout' } },
  {
    name: 'an empty scope, as if there were none',
    parameters: { scope: '' },
    answer: { scope: 'cart:read cart:checkout' },
  },
  { name: 'no scope, by another service', actor: 'wishlist-service', answer: { scope: 'cart:write' } },
  {
    name: 'no scope, and a person without what the actor’s scope requires',
    held: 'cart:read payment:read',
    answer: { scope: 'cart:read' },
  },
  {
    name: 'two scopes',
    parameters: { scope: 'cart:checkout cart:read' },
    answer: { scope: 'cart:checkout cart:read' },
  },
  {
    name: 'the type of token that there is',
    parameters: { requested_token_type: accessToken, scope: 'cart:read' },
    answer: { scope: 'cart:read' },
  },
  ...refused('invalid_request', {
    'no subject_token': { parameters: { subject_token: undefined } },
    'no subject_token_type': { parameters: { subject_token_type: undefined } },
    'another subject_token_type': { parameters: { subject_token_type: refreshToken } },
    'another requested_token_type': { parameters: { requested_token_type: idToken } },
    'an actor_token': { parameters: { actor_token: 'x', actor_token_type: accessToken } },
    'a resource': { parameters: { resource: 'http://127.0.0.1:4001' } },
    'no audience': { parameters: { audience: undefined } },
  }),
  ...refused('invalid_scope', {
    'a scope wider than the policy': { parameters: { scope: 'cart:read cart:write' } },
    'a scope that the person lacks': { held: 'payment:write', parameters: { scope: 'cart:read' } },
    'the actor’s scope without what it requires': {
      held: 'cart:read payment:read',
      parameters: { scope: 'cart:checkout' },
    },
    'another actor’s own scope': { actor: 'wishlist-service', parameters: { scope: 'cart:checkout' } },
    'a person with no scope that may be passed on': { held: 'payment:read' },
    'a malformed scope': { parameters: { scope: 'cart:read  cart:checkout' } },
  }),
  ...refused('invalid_target', {
    'a foreign audience': { parameters: { audience: 'wishlist-service' } },
    'auth-service as audience': { parameters: { audience: 'auth-service' } },
    'an audience that nobody knows': { parameters: { audience: 'https://other.example' } },
    'what every object inherits as audience': { parameters: { audience: '__proto__' } },
    'another name that every object inherits': { parameters: { audience: 'constructor' } },
    'an actor without policy': { actor: 'cart-service', parameters: { audience: 'payment-service' } },
  }),
];
