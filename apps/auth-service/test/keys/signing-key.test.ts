import { createPublicKey, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { generateSigningKey, privateKeyFrom, thumbprintOf } from '../../src/keys/signing-key.ts';

test('the kid is the thumbprint of RFC 7638, as in its own example (§3.1)', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj' +
    'hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ' +
    'vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  expect(thumbprintOf({ n, e: 'AQAB' })).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
});

test('a signing key is RSA of 2048 bits with exponent 65537, and its halves belong together', async () => {
  const key = await generateSigningKey();
  expect(key.publicJwk).toEqual({
    kty: 'RSA',
    n: expect.stringMatching(/^[\w-]{342}$/),
    e: 'AQAB',
    kid: key.kid,
    use: 'sig',
    alg: 'RS256',
  });
  expect(key.kid).toBe(thumbprintOf(key.publicJwk));
  const publicKey = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' });
  const signature = sign('sha256', Buffer.from('text'), privateKeyFrom(key.privateKeyDer));
  expect(verify('sha256', Buffer.from('text'), publicKey, signature)).toBe(true);
});
