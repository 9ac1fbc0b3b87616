import { Buffer } from 'node:buffer';
import { beforeAll, describe, expect, it } from 'vitest';
import { readJwk } from '../../src/key-set/json-web-key.ts';
import { createSigningKey } from '../../src/testing/index.ts';

let jwk: Record<string, unknown>;
let n: string;

beforeAll(async () => {
  const key = await createSigningKey();
  jwk = { ...key.jwk };
  n = key.jwk.n;
});

const modulusOf = (bytes: number, first = 0xc0, last = 0x01): string => {
  const modulus = Buffer.alloc(bytes, 0x55);
  modulus[0] = first;
  modulus[bytes - 1] = last;
  return modulus.toString('base64url');
};
/** As modulusOf, without a small factor. A product of primes of this length would take many seconds to make. */
const hardModulusOf = (bytes: number): string => {
  let modulus = BigInt(`0x${Buffer.from(modulusOf(bytes), 'base64url').toString('hex')}`);
  const isSplit = () =>
    Array.from({ length: 375 }, (_, k) => BigInt(2 * k + 3)).some((d) => modulus % d === 0n);
  while (isSplit()) modulus += 2n;
  return Buffer.from(modulus.toString(16), 'hex').toString('base64url');
};
const exponentOf = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url');

describe('a key that is taken', () => {
  it.each<[string, () => Record<string, unknown>]>([
    ['as the issuer publishes it', () => ({})],
    ['without use, alg and key_ops', () => ({ use: undefined, alg: undefined })],
    ['with key_ops verify', () => ({ key_ops: ['verify'] })],
    ['with members that we do not know', () => ({ x5t: 'x', iat: 1 })],
    ['of 4096 bits', () => ({ n: hardModulusOf(512) })],
    ['of 8192 bits', () => ({ n: hardModulusOf(1024) })],
    ['with a four-byte exponent', () => ({ e: exponentOf('80000001') })],
  ])('%s', (_name, changes) => {
    const changed = Object.fromEntries(
      Object.entries({ ...jwk, ...changes() }).filter(([, value]) => value !== undefined),
    );
    expect(readJwk(changed)).toMatchObject({ kid: jwk.kid });
  });
});

describe('a key that is refused', () => {
  it.each<[string, () => Record<string, unknown>]>([
    ['kty', () => ({ kty: 'EC' })],
    ['kty', () => ({ kty: 'oct', k: 'c2VjcmV0' })],
    ['kty', () => ({ kty: 'rsa' })],
    ['kty', () => ({ kty: undefined })],
    ['kid', () => ({ kid: undefined })],
    ['kid', () => ({ kid: '' })],
    ['kid', () => ({ kid: 7 })],
    ['kid', () => ({ kid: '../key' })],
    ['kid', () => ({ kid: 'k'.repeat(65) })],
    ['use', () => ({ use: 'enc' })],
    ['use', () => ({ use: null })],
    ['alg', () => ({ alg: 'PS256' })],
    ['alg', () => ({ alg: 'RSA-OAEP' })],
    ['key_ops', () => ({ key_ops: ['sign'] })],
    ['key_ops', () => ({ key_ops: [] })],
    ['key_ops', () => ({ key_ops: 'verify' })],
    ['private key', () => ({ d: 'AQAB' })],
    ['n', () => ({ n: undefined })],
    ['n', () => ({ n: 5 })],
    ['n', () => ({ n: modulusOf(128) })],
    ['n', () => ({ n: modulusOf(255) })],
    ['n', () => ({ n: modulusOf(256, 0x7f) })],
    ['n', () => ({ n: modulusOf(1025) })],
    ['n', () => ({ n: modulusOf(256, 0xc0, 0x02) })],
    ['n', () => ({ n: `${n}=` })],
    [
      'n',
      () => ({ n: Buffer.concat([Buffer.from([0]), Buffer.from(n, 'base64url')]).toString('base64url') }),
    ],
    ['n', () => ({ n: 'A'.repeat(100_000) })],
    ['e', () => ({ e: undefined })],
    ['e', () => ({ e: '' })],
    ['e', () => ({ e: exponentOf('01') })],
    ['e', () => ({ e: exponentOf('03') })],
    ['e', () => ({ e: exponentOf('ffff') })],
    ['e', () => ({ e: exponentOf('010002') })],
    ['e', () => ({ e: exponentOf('00010001') })],
    ['e', () => ({ e: exponentOf('0100000001') })],
  ])('%s', (reason, changes) => {
    const changed = Object.fromEntries(
      Object.entries({ ...jwk, ...changes() }).filter(([, value]) => value !== undefined),
    );
    expect(readJwk(changed)).toEqual({ refused: reason });
  });
});
