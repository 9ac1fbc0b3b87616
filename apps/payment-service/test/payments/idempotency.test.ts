import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { canonicalJson, identifyRequest } from '../../src/payments/idempotency.ts';

const secret = randomBytes(32);
const request = {
  subject: 'ada',
  key: 'k-1',
  operation: 'POST /payments',
  body: { a: 1, b: { c: [1, 2], d: 'x' } },
};
const identity = identifyRequest(secret, request);

test('members in another order are the same request', () => {
  expect(identifyRequest(secret, { ...request, body: { b: { d: 'x', c: [1, 2] }, a: 1 } })).toEqual(identity);
});

test.each([
  ['another value', { body: { a: 2, b: { c: [1, 2], d: 'x' } } }],
  ['another type', { body: { a: '1', b: { c: [1, 2], d: 'x' } } }],
  ['elements in another order', { body: { a: 1, b: { c: [2, 1], d: 'x' } } }],
  ['a member less', { body: { a: 1 } }],
  ['another operation', { operation: 'POST /payments/1/refunds' }],
])('%s is another request under the same key', (_what, change) => {
  const other = identifyRequest(secret, { ...request, ...change });
  expect(other.keyDigest).toBe(identity.keyDigest);
  expect(other.fingerprint).not.toBe(identity.fingerprint);
});

test('another key is another request, of another fingerprint', () => {
  const other = identifyRequest(secret, { ...request, key: 'k-2' });
  expect(other.keyDigest).not.toBe(identity.keyDigest);
  expect(other.fingerprint).not.toBe(identity.fingerprint);
});

test('the same key and body of two people have unrelated fingerprints', () => {
  const other = identifyRequest(secret, { ...request, subject: 'bob' });
  expect(other.subject).toBe('bob');
  expect(other.fingerprint).not.toBe(identity.fingerprint);
});

test('with another secret the key is recognized and the fingerprint is not: refused, rather than charged again', () => {
  const other = identifyRequest(randomBytes(32), request);
  expect(other.keyDigest).toBe(identity.keyDigest);
  expect(other.fingerprint).not.toBe(identity.fingerprint);
});

test('canonical JSON sorts members at every depth, and only members', () => {
  expect(canonicalJson({ b: [{ z: 1, y: [] }, null], a: 'é"' })).toBe(
    '{"a":"é\\"","b":[{"y":[],"z":1},null]}',
  );
});
