import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { KeyEncryptionError, parseKeyEncryptionKeys } from '../../src/keys/encryption.ts';

const secret = () => randomBytes(32).toString('base64url');
const plain = randomBytes(1200);

test('an encrypted text can be decrypted, and shows nothing of its content', () => {
  const encryption = parseKeyEncryptionKeys(secret());
  const encrypted = encryption.encrypt(plain, 'signing key a');
  expect(encrypted).toMatch(/^v1\.[\w-]{11}\.[\w-]{16}\.[\w-]+$/);
  expect(encryption.decrypt(encrypted, 'signing key a')).toEqual(plain);
  expect(encryption.encrypt(plain, 'signing key a')).not.toBe(encrypted);
});

test('a row under another label, or changed in any part, is refused', () => {
  const encryption = parseKeyEncryptionKeys(secret());
  const encrypted = encryption.encrypt(plain, 'signing key a');
  const changedAt = (index: number) =>
    encrypted.slice(0, index) + (encrypted[index] === 'A' ? 'B' : 'A') + encrypted.slice(index + 1);
  expect(() => encryption.decrypt(encrypted, 'signing key b')).toThrow(KeyEncryptionError);
  for (const index of [0, 3, 15, 32, 100, encrypted.length - 30]) {
    expect(() => encryption.decrypt(changedAt(index), 'signing key a')).toThrow(KeyEncryptionError);
  }
  for (const cut of ['', 'v1', encrypted.slice(0, 40), encrypted.split('.').slice(0, 3).join('.')]) {
    expect(() => encryption.decrypt(cut, 'signing key a')).toThrow(KeyEncryptionError);
  }
});

test('a key that does not fit is a clear error that names ids, and no key', () => {
  const [right, wrong] = [secret(), secret()];
  const encrypted = parseKeyEncryptionKeys(right).encrypt(plain, 'signing key a');
  const message = (() => {
    try {
      parseKeyEncryptionKeys(wrong).decrypt(encrypted, 'signing key a');
      return 'no error';
    } catch (error) {
      return (error as Error).message;
    }
  })();
  expect(message).toContain('KEY_ENCRYPTION_KEY does not fit this database');
  expect(message).toContain(parseKeyEncryptionKeys(right).currentId);
  expect(message).not.toContain(right);
  expect(message).not.toContain(wrong);
});

test('of several keys the first encrypts and all decrypt', () => {
  const [older, newer] = [secret(), secret()];
  const before = parseKeyEncryptionKeys(older);
  const during = parseKeyEncryptionKeys(`${newer}, ${older}`);
  const after = parseKeyEncryptionKeys(newer);
  expect(during.decrypt(before.encrypt(plain, 'a'), 'a')).toEqual(plain);
  expect(after.decrypt(during.encrypt(plain, 'a'), 'a')).toEqual(plain);
  expect(during.currentId).toBe(after.currentId);
  expect(during.currentId).not.toBe(before.currentId);
});

test('keys for other purposes differ from each other and from one configuration to the next', () => {
  const text = secret();
  const keys = [
    parseKeyEncryptionKeys(text).deriveKey('one'),
    parseKeyEncryptionKeys(text).deriveKey('other'),
    parseKeyEncryptionKeys(secret()).deriveKey('one'),
    Buffer.from(text, 'base64url'),
  ];
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(4);
  expect(parseKeyEncryptionKeys(text).deriveKey('one')).toEqual(keys[0]);
});

test.each([
  '',
  'short',
  randomBytes(31).toString('base64url'),
  randomBytes(33).toString('base64url'),
  `${secret()},`,
  '!'.repeat(43),
])('a setting that is no key is refused without being quoted: %j', (setting) => {
  expect(() => parseKeyEncryptionKeys(setting)).toThrow(
    /- KEY_ENCRYPTION_KEY: key \d is not 32 bytes in base64url/,
  );
});
