import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/payments/cursor.ts';

test('a cursor is decoded as it was encoded, to the millisecond', () => {
  const place = { createdAt: new Date('2026-03-04T05:06:07.089Z'), id: randomUUID() };
  expect(decodeCursor(encodeCursor(place))).toEqual(place);
});

test.each([
  '',
  'x',
  '%00',
  Buffer.from('1.2').toString('base64url'),
  Buffer.from(`-1.${randomUUID()}`).toString('base64url'),
  Buffer.from(`1.${randomUUID()}x`).toString('base64url'),
  Buffer.from(`1.${randomUUID()}\n`).toString('base64url'),
  Buffer.from(`253402300800000.${randomUUID()}`).toString('base64url'),
  Buffer.from(`9999999999999999.${randomUUID()}`).toString('base64url'),
])('other text is no cursor: %j', (text) => {
  expect(decodeCursor(text)).toBeUndefined();
});
