import { expect, test } from 'vitest';
import { readPresentedToken } from '../../src/oauth/presented-token.ts';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (header: unknown, payload: unknown = {}) => `${part(header)}.${part(payload)}.AAAA`;

test.each<[string, string, unknown]>([
  ['a refresh token', 'rt1.k1.0-abc.100000.mac', { looksLike: 'refresh_token' }],
  [
    'an access token',
    jwt({ typ: 'at+jwt' }, { aud: ['cart-service', 7] }),
    { looksLike: 'access_token', audiences: ['cart-service'] },
  ],
  [
    'an access token with its type spelled out, for one service',
    jwt({ typ: 'application/AT+JWT' }, { aud: 'cart-service' }),
    { looksLike: 'access_token', audiences: ['cart-service'] },
  ],
  ['an access token for nobody', jwt({ typ: 'at+jwt' }), { looksLike: 'access_token', audiences: [] }],
  [
    'an access token whose payload cannot be read',
    `${part({ typ: 'at+jwt' })}.e30x.AAAA`,
    { looksLike: 'access_token', audiences: [] },
  ],
  ['a security event', jwt({ typ: 'secevent+jwt' }), { looksLike: 'other_token' }],
  ['a JWT of no type', jwt({ alg: 'RS256' }), { looksLike: 'nothing' }],
  ['a JWT whose type is no text', jwt({ typ: ['at+jwt'] }), { looksLike: 'nothing' }],
  ['a header that is no object', jwt(null), { looksLike: 'nothing' }],
  ['a header that is no JSON', 'bm90IGpzb24.e30.AAAA', { looksLike: 'nothing' }],
  [
    'an encrypted token',
    `${part({ alg: 'ECDH-ES', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`,
    { looksLike: 'encrypted_token' },
  ],
  ['five parts of something else', `${part({ alg: 'RS256' })}..AAAA.AAAA.AAAA`, { looksLike: 'nothing' }],
  ['any text', 'x', { looksLike: 'nothing' }],
  ['nothing', '', { looksLike: 'nothing' }],
  ['dots', '..', { looksLike: 'nothing' }],
])('%s', (_what, text, expected) => {
  expect(readPresentedToken(text)).toEqual(expected);
});

test('a very deeply nested header is no token, and causes no error', () => {
  const deep = Buffer.from('['.repeat(30_000)).toString('base64url');
  expect(readPresentedToken(`${deep}.e30.A`).looksLike).toBe('nothing');
});
