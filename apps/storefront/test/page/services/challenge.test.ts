import { describe, expect, it } from 'vitest';
import { parseChallenge } from '../../../page/services/challenge.ts';

describe('a challenge', () => {
  it('reads the challenge of the scheme that was used, before the other one', () => {
    const header =
      'DPoP realm="cart-service", error="insufficient_scope", scope="cart:write", algs="ES256 EdDSA", Bearer';
    expect(parseChallenge(header)).toEqual({
      error: 'insufficient_scope',
      scopes: ['cart:write'],
      maxAgeSeconds: null,
    });
  });

  it('names the scopes that a route needs', () => {
    const header =
      'Bearer realm="cart-service", error="insufficient_scope", error_description="The access token lacks a scope", scope="cart:read cart:write"';
    expect(parseChallenge(header)).toEqual({
      error: 'insufficient_scope',
      scopes: ['cart:read', 'cart:write'],
      maxAgeSeconds: null,
    });
  });

  it('says how recent the sign-in has to be', () => {
    const header =
      'Bearer realm="payment-service", error="insufficient_user_authentication", error_description="x", max_age="300"';
    expect(parseChallenge(header)).toMatchObject({
      error: 'insufficient_user_authentication',
      maxAgeSeconds: 300,
    });
  });

  it('is empty where there is none, and contains no guesses', () => {
    const nothing = { error: null, scopes: [], maxAgeSeconds: null };
    expect(parseChallenge(null)).toEqual(nothing);
    expect(parseChallenge('Bearer realm="x"')).toEqual(nothing);
    expect(parseChallenge('Bearer max_age="soon", scope=""')).toEqual(nothing);
  });

  it('reads quoted characters, and is not misled by quoted text', () => {
    const header = String.raw`Bearer error_description="say \"scope=\" or error=\"no\"", error="invalid_token"`;
    expect(parseChallenge(header)).toEqual({ error: 'invalid_token', scopes: [], maxAgeSeconds: null });
  });
});
