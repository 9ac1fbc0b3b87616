import { describe, expect, it } from 'vitest';
import { explainedClaims, shownClaims } from '../../../page/demo/token/claims.ts';
import { decodeToken, withAlgNone, withClaims } from '../../../page/demo/token/token.ts';

function segment(value: unknown): string {
  const text = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value))));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

const claims = { sub: 'p-1', scope: 'cart:read', exp: 1_800_000_000, note: 'ünïcode 한글 ??>>' };
const token = `${segment({ alg: 'RS256', typ: 'at+jwt', kid: 'k1' })}.${segment(claims)}.${'A'.repeat(342)}`;

describe('a token on the page', () => {
  it('is taken apart', () => {
    expect(decodeToken(token)).toEqual({
      header: { alg: 'RS256', typ: 'at+jwt', kid: 'k1' },
      claims,
      signatureBytes: 256,
      bytes: token.length,
    });
  });

  it.each(['', 'a.b', 'a.b.c.d', '!.!.!', `${segment([])}.${segment({})}.x`])(
    'that is malformed, %j, is none',
    (text) => {
      expect(decodeToken(text)).toBeNull();
    },
  );

  it('can be given other claims, and keeps its signature', () => {
    const edited = withClaims(token, { scope: 'cart:read payment:refund' });
    expect(decodeToken(edited)?.claims).toEqual({ ...claims, scope: 'cart:read payment:refund' });
    expect(edited.split('.')[2]).toBe(token.split('.')[2]);
  });

  it('can claim to be unsigned', () => {
    const forged = withAlgNone(token);
    expect(decodeToken(forged)).toMatchObject({
      header: { alg: 'none', kid: 'k1' },
      claims,
      signatureBytes: 0,
    });
  });
});

describe('claims', () => {
  it('are shown as they stand, times also as times', () => {
    expect(shownClaims({ aud: ['auth-service', 'cart-service'], exp: 1_800_000_000, sub: 'p-1' })).toEqual([
      { name: 'aud', value: '["auth-service","cart-service"]', atMs: null },
      { name: 'exp', value: '1800000000', atMs: 1_800_000_000_000 },
      { name: 'sub', value: 'p-1', atMs: null },
    ]);
  });

  it('of an access token are all explained', () => {
    const ours = [
      'iss',
      'sub',
      'aud',
      'client_id',
      'scope',
      'sid',
      'jti',
      'iat',
      'exp',
      'auth_time',
      'acr',
      'act',
    ];
    expect(explainedClaims).toEqual(expect.arrayContaining(ours));
  });
});
