import { describe, expect, it } from 'vitest';
import { checkClaims } from '../../src/token/access-token.ts';
import { authenticationOf } from '../../src/token/authentication.ts';

const now = 1_800_000_000;
const policy = {
  issuer: 'https://issuer.example',
  audience: 'cart-service',
  clockSkewSeconds: 30,
  maxTokenLifetimeSeconds: 300,
};
const good = {
  iss: policy.issuer,
  sub: 'user-1',
  aud: ['cart-service', 'wishlist-service'],
  client_id: 'storefront',
  scope: 'cart:read cart:write',
  sid: 'session-1',
  jti: 'token-1',
  iat: now,
  exp: now + 300,
  auth_time: now - 1000,
  acr: 'urn:example:password',
};

// refusal-rows.ts has the refusals. These tests locate each limit to the second and to the character.
function verdict(changes: Record<string, unknown>, at = now): string {
  try {
    checkClaims({ ...good, ...changes }, { policy, now: at });
    return 'good';
  } catch (error) {
    return (error as { reason: string }).reason;
  }
}

describe('times', () => {
  it.each([
    ['iat ahead by the skew', { iat: now + 30, exp: now + 330 }, 'good'],
    ['iat ahead by a second more', { iat: now + 31, exp: now + 330 }, 'iat'],
    ['nbf ahead by the skew', { nbf: now + 30 }, 'good'],
    ['nbf ahead by a second more', { nbf: now + 31 }, 'nbf'],
    ['auth_time ahead by the skew', { auth_time: now + 30 }, 'good'],
    ['auth_time ahead by a second more', { auth_time: now + 31 }, 'auth_time'],
    ['auth_time long ago', { auth_time: 1 }, 'good'],
    ['the longest lifetime', { iat: now - 10, exp: now + 290 }, 'good'],
    ['a second more', { iat: now - 10, exp: now + 291 }, 'exp'],
    ['a second of life', { exp: now + 1 }, 'good'],
    ['no life at all', { exp: now }, 'exp'],
  ])('%s', (_name, changes, expected) => {
    expect(verdict(changes)).toBe(expected);
  });

  it('expires on the second, without leeway', () => {
    expect(verdict({}, now + 299.999)).toBe('good');
    expect(verdict({}, now + 300)).toBe('expired');
  });
});

describe('names', () => {
  it.each([
    ['iss of another issuer', { iss: 'https://issuer.example/' }, 'iss'],
    ['iss in an array', { iss: [policy.issuer] }, 'iss'],
    ['aud of another service', { aud: ['payment-service'] }, 'aud'],
    ['aud with a number beside ours', { aud: ['cart-service', 1] }, 'aud'],
    ['sub of 255 characters', { sub: 'x'.repeat(255) }, 'good'],
    ['sub of 256', { sub: 'x'.repeat(256) }, 'sub'],
    ['sub of 255 characters of two code units each', { sub: '😀'.repeat(255) }, 'good'],
    ['sub of 256 of them', { sub: '😀'.repeat(256) }, 'sub'],
    ['sub with letters of any script', { sub: 'Zoë 😀' }, 'good'],
    ['sub with NUL', { sub: 'a\u0000' }, 'sub'],
    ['sub with DEL', { sub: 'a\u007f' }, 'sub'],
    ['sub with the last control character', { sub: 'a\u009f' }, 'sub'],
    ['sub with no-break space', { sub: 'a\u00a0' }, 'good'],
    ['aud as a string', { aud: 'cart-service' }, 'good'],
    ['64 audiences', { aud: ['cart-service', ...Array(63).fill('x')] }, 'good'],
    ['65 audiences', { aud: ['cart-service', ...Array(64).fill('x')] }, 'aud'],
    ['eight actors', { act: actors(8) }, 'good'],
    ['nine actors', { act: actors(9) }, 'act'],
  ])('%s', (_name, changes, expected) => {
    expect(verdict(changes)).toBe(expected);
  });

  it('do not come from the prototype', () => {
    const inheriting = Object.assign(Object.create({ act: 'x', nbf: 'x' }), good);
    expect(() => checkClaims(inheriting, { policy, now })).not.toThrow();
  });
});

describe('a service’s own token', () => {
  const { sid: _sid, auth_time: _authTime, acr: _acr, ...rest } = good;
  const own = { ...rest, sub: 'payment-service', client_id: 'payment-service' };
  const verdictOn = (changes: Record<string, unknown>): string => {
    try {
      checkClaims({ ...own, ...changes }, { policy, now });
      return 'good';
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  };

  it.each([
    ['names the client as its subject', {}, 'good'],
    ['is no person’s token that lost its session', { sub: 'user-1' }, 'sid'],
    ['has no session', { sid: 'session-1' }, 'auth_time'],
    ['has no time of sign-in', { auth_time: now }, 'sid'],
    ['has no empty session either', { sid: undefined }, 'sid'],
    ['acts for nobody', { act: { sub: 'payment-service' } }, 'sid'],
    ['lives no longer than others', { exp: now + 301 }, 'exp'],
  ])('%s', (_name, changes, expected) => {
    expect(verdictOn(changes)).toBe(expected);
  });

  it('is told apart by what a service sees', () => {
    const claims: Record<string, unknown> = { ...own };
    checkClaims(claims, { policy, now });
    const authentication = authenticationOf(claims, 'key-1');
    expect(authentication).toMatchObject({
      isService: true,
      subject: 'payment-service',
      clientId: 'payment-service',
    });
    for (const name of ['sessionId', 'authTime', 'actor']) expect(name in authentication).toBe(false);
    expect(Object.isFrozen(authentication)).toBe(true);
  });
});

describe('what a service sees', () => {
  it('is made of the claims', () => {
    const claims = {
      ...good,
      act: { sub: 'payment-service', act: { sub: 'storefront' } },
      extra: { deep: [1] },
    };
    const authentication = authenticationOf(claims, 'key-1');
    expect({ ...authentication, scopes: [...authentication.scopes] }).toEqual({
      isService: false,
      subject: 'user-1',
      sessionId: 'session-1',
      clientId: 'storefront',
      scopes: ['cart:read', 'cart:write'],
      tokenId: 'token-1',
      keyId: 'key-1',
      audience: ['cart-service', 'wishlist-service'],
      issuedAt: now,
      expiresAt: now + 300,
      authTime: now - 1000,
      acr: 'urn:example:password',
      actor: { subject: 'payment-service', actor: { subject: 'storefront' } },
      claims,
    });
  });

  it('has no scopes, acr or actor where the token has none, and one audience where it names one', () => {
    const { scope: _scope, acr: _acr, ...claims } = good;
    const authentication = authenticationOf({ ...claims, aud: 'cart-service' }, 'key-1');
    expect([...authentication.scopes]).toEqual([]);
    expect(authentication.audience).toEqual(['cart-service']);
    expect(authentication.acr).toBeUndefined();
    expect('actor' in authentication).toBe(false);
  });

  it('cannot be changed by one request for the next', () => {
    const authentication = authenticationOf({ ...good, act: { sub: 'payment-service' } }, 'key-1');
    const writable = authentication as unknown as {
      subject: string;
      audience: string[];
      scopes: Set<string>;
      claims: { act: { sub: string } };
    };
    expect(() => {
      writable.subject = 'admin';
    }).toThrow(TypeError);
    expect(() => writable.audience.push('x')).toThrow(TypeError);
    expect(() => writable.scopes.add('payment:refund')).toThrow(TypeError);
    expect(() => writable.scopes.delete('cart:read')).toThrow(TypeError);
    expect(() => writable.scopes.clear()).toThrow(TypeError);
    expect(() => {
      writable.claims.act.sub = 'x';
    }).toThrow(TypeError);
    expect([...authentication.scopes]).toEqual(['cart:read', 'cart:write']);
  });
});

function actors(count: number): object {
  return count === 1 ? { sub: 'a' } : { sub: 'a', act: actors(count - 1) };
}
