import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AuthError } from '../../src/errors.ts';
import { type ExpectedProof, readDpopProof } from '../../src/proof/dpop-proof.ts';
import { createProver, type ProofOverrides, type Prover } from '../../src/testing/index.ts';

const prover = createProver();
const url = 'https://cart.example/cart/items';
const accessToken = 'a.b.c';
const request = { method: 'POST', url, accessToken };

function verdict(proof: string, expected: Partial<ExpectedProof> = {}): string {
  try {
    return readDpopProof(proof, { ...request, ...expected }).thumbprint;
  } catch (error) {
    return (error as AuthError).reason;
  }
}

const verdictOn = (overrides: ProofOverrides, by: Prover = prover) => verdict(by.prove(request, overrides));

describe('a proof', () => {
  it.each(['ES256', 'EdDSA', 'RS256'] as const)('with %s names its key', (alg) => {
    const key = createProver(alg);
    expect(verdict(key.prove(request))).toBe(key.thumbprint);
  });

  it('has the thumbprint of RFC 7638 §3.1 and RFC 8037 §A.3', () => {
    // The Ed25519 key of RFC 8037 §A.1.
    const d = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A';
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    const signedBy = createPrivateKey({ key: { ...jwk, d }, format: 'jwk' });
    const proof = createProver('EdDSA').prove(request, { header: { jwk }, signedBy });
    expect(verdict(proof)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it.each([
    ['the same URL with a query', `${url}?size=1`],
    ['in other case', 'HTTPS://CART.example/cart/items'],
    ['with the port that https has anyway', 'https://cart.example:443/cart/items'],
  ])('is good for %s', (_, asked) => {
    expect(verdict(prover.prove(request), { url: asked })).toBe(prover.thumbprint);
  });

  // RFC 3986 §6.2.2.
  it.each([
    ['an unreserved character', '/%7Ea/%62', '/~a/b'],
    ['the case of hex digits', '/%c3%a9', '/%C3%A9'],
    ['both', '/a%7eb%2fc', '/a~b%2Fc'],
  ])('is good for the same path with %s in another spelling', (_, one, other) => {
    for (const [signed, asked] of [
      [one, other],
      [other, one],
    ]) {
      const proof = prover.prove({ ...request, url: `https://cart.example${signed}` });
      expect(verdict(proof, { url: `https://cart.example${asked}` })).toBe(prover.thumbprint);
    }
  });

  it.each([
    ['a slash', '/a%2Fb', '/a/b'],
    ['a percent sign', '/a%257Eb', '/a%7Eb'],
    ['a semicolon', '/a%3Bb', '/a;b'],
  ])('is not good for a path in which %s is not encoded', (_, signed, asked) => {
    const proof = prover.prove({ ...request, url: `https://cart.example${signed}` });
    expect(verdict(proof, { url: `https://cart.example${asked}` })).toBe('proof: htu');
  });

  it.each([
    ['for another path', { url: 'https://cart.example/cart' }, 'proof: htu'],
    ['for another host', { url: 'https://wishlist.example/cart/items' }, 'proof: htu'],
    ['for another scheme', { url: 'http://cart.example/cart/items' }, 'proof: htu'],
    ['for another method', { method: 'GET' }, 'proof: htm'],
    ['for a method in other case', { method: 'post' }, 'proof: htm'],
    ['with another token', { accessToken: 'a.b.d' }, 'proof: ath'],
  ])('%s is refused', (_, expected, reason) => {
    expect(verdict(prover.prove(request), expected)).toBe(reason);
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  const modulus = Buffer.from(rsa.n ?? '', 'base64url');
  const rsaHeader = (changes: { n?: Buffer | string; e?: string }) => ({
    alg: 'RS256',
    jwk: { ...rsa, ...changes, ...(Buffer.isBuffer(changes.n) && { n: changes.n.toString('base64url') }) },
  });

  it('that nobody signed is refused: with the exponent 1, a signature is what is signed', () => {
    const signed = prover.prove(request, { header: rsaHeader({ e: 'AQ' }) }).replace(/\.[^.]*$/, '');
    // RFC 8017 §9.2: EMSA-PKCS1-v1_5 with SHA-256.
    const digest = Buffer.from(
      `003031300d060960864801650304020105000420${createHash('sha256').update(signed).digest('hex')}`,
      'hex',
    );
    const encoded = Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(254 - digest.length, 0xff), digest]);
    expect(verdict(`${signed}.${encoded.toString('base64url')}`)).toBe('proof: key');
  });

  it('by a key whose exponent is 3 is refused, though its signature is right', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    const header = { alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) };
    expect(verdictOn({ header, signedBy: privateKey })).toBe('proof: key');
  });

  const other = createProver();
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const jwkOf = (key: { export(options: { format: 'jwk' }): object }) => key.export({ format: 'jwk' });

  it.each<[string, ProofOverrides, string]>([
    ['without a token’s hash', { claims: { ath: undefined } }, 'proof: ath'],
    ['without a jti', { claims: { jti: undefined } }, 'proof: jti'],
    ['with a jti that is long', { claims: { jti: 'x'.repeat(257) } }, 'proof: jti'],
    ['without a time', { claims: { iat: undefined } }, 'proof: iat'],
    ['with a time as text', { claims: { iat: '1' } }, 'proof: iat'],
    ['without a method', { claims: { htm: undefined } }, 'proof: htm'],
    ['without a URL', { claims: { htu: undefined } }, 'proof: htu'],
    ['with a path as its URL', { claims: { htu: '/cart/items' } }, 'proof: htu'],
    ['with a user in its URL', { claims: { htu: 'https://x@cart.example/cart/items' } }, 'proof: htu'],
    ['with a nonce that is none', { claims: { nonce: 1 } }, 'proof: nonce'],
    ['of another type', { header: { typ: 'JWT' } }, 'proof: typ'],
    ['without a type', { header: { typ: undefined } }, 'proof: typ'],
    ['without an algorithm', { header: { alg: 'none' } }, 'proof: key'],
    ['with a symmetric one', { header: { alg: 'HS256' } }, 'proof: key'],
    ['with the algorithm of another key', { header: { alg: 'EdDSA' } }, 'proof: key'],
    ['without a key', { header: { jwk: undefined } }, 'proof: key'],
    ['with a private key', { header: { jwk: jwkOf(prover.privateKey) } }, 'proof: key'],
    ['with a short RSA key', { header: { alg: 'RS256', jwk: jwkOf(small.publicKey) } }, 'proof: key'],
    ['with an even exponent', { header: rsaHeader({ e: 'AQAC' }) }, 'proof: key'],
    ['with an exponent of five bytes', { header: rsaHeader({ e: 'AQAAAAE' }) }, 'proof: key'],
    [
      'with an even modulus',
      { header: rsaHeader({ n: Buffer.concat([modulus.subarray(0, -1), Buffer.of(2)]) }) },
      'proof: key',
    ],
    [
      'with a modulus after a zero byte',
      { header: rsaHeader({ n: Buffer.concat([Buffer.of(0), modulus]) }) },
      'proof: key',
    ],
    // 2048 bits leave four bits of the last character unused, and all of them are zero.
    [
      'with a modulus in another spelling',
      { header: rsaHeader({ n: `${rsa.n?.slice(0, -1)}_` }) },
      'proof: key',
    ],
    [
      'with a modulus that has the fingerprint of ROCA',
      { header: rsaHeader({ n: Buffer.from(`0${(65_537n ** 128n).toString(16)}`, 'hex') }) },
      'proof: key',
    ],
    [
      'with a point that is not on the curve',
      { header: { jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } } },
      'proof: key',
    ],
    ['with what it says is critical', { header: { crit: ['b64'] } }, 'proof: crit'],
    ['signed by another key', { signedBy: other.privateKey }, 'proof: signature'],
  ])('%s is refused', (_, overrides, reason) => {
    expect(verdictOn(overrides)).toBe(reason);
  });

  it.each([
    ['that is none', 'x'],
    ['without a signature', prover.prove(request).replace(/[^.]+$/, '')],
    ['that is too long', `${prover.prove(request)}${'A'.repeat(4096)}`],
  ])('%s is refused', (_, proof) => {
    expect(verdict(proof)).toMatch(/^proof: /);
  });

  it('of 128 kB is refused without being read', () => {
    expect(verdict('A'.repeat(131_072))).toBe('proof: format');
  });
});
