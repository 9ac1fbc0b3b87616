import { createServiceIdentity, type EncryptionJwk } from '@latchkey/auth-client';
import { eventually, forThisFile } from '@latchkey/testing';
import { beforeEach, expect, test } from 'vitest';
import { createEncryptionKeys } from '../../src/clients/encryption-keys.ts';
import { parseServiceJwksUris } from '../../src/clients/service-jwks-uris.ts';
import { startServices } from '../support/services.ts';

const name = 'wishlist-service';
const services = await forThisFile(startServices([name, 'cart-service']));
const [old, fresh] = ['A', 'B'].map((letter) => keyOf(`${letter.repeat(42)}E`)) as [
  EncryptionJwk,
  EncryptionJwk,
];
let now = 0;
let warnings = 0;

function keyOf(privateKey: string): EncryptionJwk {
  const identity = createServiceIdentity({ clientId: name, decryptionKeys: [privateKey] });
  identity.close();
  if (identity.decryption === null) throw new Error('there is no key');
  return identity.decryption.publicKey;
}

beforeEach(() => {
  services.setDown(false);
  services.setFrozen(false);
  services.publishEncryptionKey(name, old);
});

function keys() {
  warnings = 0;
  now = 1_000_000;
  const clients = [...parseServiceJwksUris(services.jwksUris.split(','))].map(([id, jwksUri]) => ({
    ...{ id, jwksUri, name: id },
    kind: 'service' as const,
    isBoundOnly: false,
  }));
  return createEncryptionKeys({
    services: clients,
    encrypted: new Set([name]),
    log: {
      warn() {
        warnings += 1;
      },
    },
    monotonicMs: () => now,
  });
}

const unavailable = { status: 503, code: 'encryption_key_unavailable', headers: { 'retry-after': '1' } };

test('a service that wants it has the key that it publishes; another has none', async () => {
  const { wantedBy, keyOf } = keys();
  expect(await keyOf(name)).toEqual(old);
  expect([wantedBy(name), wantedBy('cart-service'), wantedBy('auth-service')]).toEqual([true, false, false]);
});

test('many tokens at once cause one request, and none while the answer is fresh', async () => {
  const { keyOf } = keys();
  const before = services.requests(name);
  await Promise.all(Array.from({ length: 50 }, () => keyOf(name)));
  now += 4_900;
  await keyOf(name);
  expect(services.requests(name) - before).toBe(1);
});

test('a new key is taken when the answer with the old one may no longer be kept (max-age=5)', async () => {
  const { keyOf } = keys();
  await keyOf(name);
  services.publishEncryptionKey(name, fresh);
  now += 4_900;
  const before = services.requests(name);
  expect(await keyOf(name)).toEqual(old);
  expect(services.requests(name)).toBe(before);
  now += 100;
  await eventually('the new key is there', async () => expect(await keyOf(name)).toEqual(fresh));
  expect(services.requests(name)).toBe(before + 1);
});

test('a service that accepts connections and does not answer keeps nobody waiting who has a key', async () => {
  const { keyOf } = keys();
  await keyOf(name);
  services.setFrozen(true);
  now += 299_000;
  const answered = await Promise.all(Array.from({ length: 20 }, () => keyOf(name)));
  expect([answered.every((key) => key.kid === old.kid), warnings]).toEqual([true, 0]);
  now += 1_000;
  await expect(keyOf(name)).rejects.toMatchObject(unavailable);
});

test('while the service does not answer, its last key is used for five minutes, and asked for once a second', async () => {
  const { keyOf } = keys();
  await keyOf(name);
  services.setDown(true);
  now += 299_000;
  const before = services.requests(name);
  expect(await keyOf(name)).toEqual(old);
  await eventually('the failure is logged', () => expect(warnings).toBe(1));
  now += 500;
  expect(await keyOf(name)).toEqual(old);
  expect([services.requests(name) - before, warnings]).toEqual([1, 1]);
  now += 500;
  await expect(keyOf(name)).rejects.toMatchObject(unavailable);
  services.setDown(false);
  now += 1_000;
  expect(await keyOf(name)).toEqual(old);
});

test.each<[string, EncryptionJwk | null]>([
  ['no key', null],
  ['a key for something else', { ...old, use: 'sig' }],
  ['a key for another algorithm', { ...old, alg: 'ECDH-ES+A256KW' }],
  ['a key on another curve', { ...old, crv: 'P-384' }],
  ['a point that is not on the curve', { ...old, y: old.x }],
  ['a kid that no key has', { ...old, kid: '../../etc' }],
  ['its private key', { ...old, d: old.x } as EncryptionJwk],
])('a service that publishes %s gets no token, also not to the key that it had', async (_, published) => {
  const { keyOf } = keys();
  await keyOf(name);
  services.publishEncryptionKey(name, published);
  now += 5_000;
  await eventually('it is noticed', () => expect(keyOf(name)).rejects.toMatchObject(unavailable));
  expect(warnings).toBe(1);
});
