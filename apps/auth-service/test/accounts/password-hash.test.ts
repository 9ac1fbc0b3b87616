import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { argon2Cost, createPasswordHasher, type Derive } from '../../src/accounts/password-hash.ts';
import { readPhcString, writePhcString } from '../../src/accounts/phc-string.ts';

const hasher = await createPasswordHasher({ randomBytes });

// From the tests of the reference implementation (P-H-C/phc-winner-argon2, test.c).
const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

test('a hash that the reference implementation made is verified', async () => {
  expect(await hasher.verify('password', reference)).toBe(true);
  expect(await hasher.verify('passwore', reference)).toBe(false);
});

test('a hash is a PHC string at 19 MiB, two passes, one lane, with a salt of its own', async () => {
  const [one, other] = await Promise.all([
    hasher.hash('the same password'),
    hasher.hash('the same password'),
  ]);
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(one).not.toBe(other);
  expect(await hasher.verify('the same password', one)).toBe(true);
  expect(writePhcString(readPhcString(one))).toBe(one);
});

test('two encodings of the same letters are the same password', async () => {
  const stored = await hasher.hash('caf\u00e9 au lait');
  expect(await hasher.verify('cafe\u0301 au lait', stored)).toBe(true);
  expect(await hasher.verify('cafe au lait', stored)).toBe(false);
});

test('no password is cut, trimmed or changed in case', async () => {
  const password = `${'x'.repeat(255)}y`;
  const stored = await hasher.hash(password);
  expect(await hasher.verify(password, stored)).toBe(true);
  for (const near of [`${'x'.repeat(255)}z`, `${password} `, 'x'.repeat(255), password.toUpperCase()]) {
    expect(await hasher.verify(near, stored)).toBe(false);
  }
});

test('without a stored hash the same work is done at the same cost, and the answer is no', async () => {
  const derive = vi.fn<Derive>(async (_password, { hashBytes }) => Buffer.alloc(hashBytes, 7));
  const counted = await createPasswordHasher({ randomBytes, derive });
  const stored = await counted.hash('a long enough passphrase');
  derive.mockClear();

  expect(await counted.verify('any password at all', stored)).toBe(true);
  // Every derivation returns the same bytes here, so only the rule for unknown people can cause this refusal.
  expect(await counted.verify('any password at all', undefined)).toBe(false);
  const recipes = derive.mock.calls.map(([, { salt, ...recipe }]) => ({ ...recipe, saltBytes: salt.length }));
  expect(recipes).toHaveLength(2);
  expect(recipes[0]).toEqual(recipes[1]);
  expect(recipes[1]).toMatchObject(argon2Cost);
});

test('a text that cannot be a password costs no hashing', async () => {
  const derive = vi.fn<Derive>(async (_password, { hashBytes }) => Buffer.alloc(hashBytes));
  const counted = await createPasswordHasher({ randomBytes, derive });
  const stored = await counted.hash('a long enough passphrase');
  derive.mockClear();
  for (const text of ['', 'x'.repeat(60_000), '\ud800']) {
    expect(await counted.verify(text, stored)).toBe(false);
    await expect(counted.hash(text)).rejects.toThrow(RangeError);
  }
  expect(derive).not.toHaveBeenCalled();
});

test('a hash of another cost is to be made anew, one of today is not', async () => {
  expect(hasher.needsRehash(reference)).toBe(true);
  expect(hasher.needsRehash(await hasher.hash('a long enough passphrase'))).toBe(false);
});

test.each([
  '',
  'plain text',
  '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
])('a stored hash that is not argon2id is a fault, and the message does not quote it: %j', async (stored) => {
  await expect(hasher.verify('password', stored)).rejects.toThrow(
    'A stored password hash is not an argon2id PHC string.',
  );
});
