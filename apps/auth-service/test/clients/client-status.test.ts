import { expect, test } from 'vitest';
import {
  type ClientStatusRecord,
  changeStatus,
  latecomersSeconds,
  statusOf,
} from '../../src/clients/client-status.ts';

const fixedNow = Date.UTC(2026, 0, 1) + 250;
const second = fixedNow / 1000 - 0.25;
const clientId = 'storefront';

const revoke = (record: ClientStatusRecord | undefined, now = fixedNow) =>
  changeStatus(record, { clientId, status: 'revoked', now });
const activate = (record: ClientStatusRecord | undefined, now = fixedNow) =>
  changeStatus(record, { clientId, status: 'active', now });

test('a client is active until it is revoked, and again when it is let in again', () => {
  expect(statusOf(undefined)).toBe('active');
  const revoked = revoke(undefined);
  expect(statusOf(revoked)).toBe('revoked');
  expect(statusOf(activate(revoked))).toBe('active');
});

test('tokens are good from the next second on, plus the time by which a replica may learn of it late', () => {
  expect(revoke(undefined)).toEqual({
    clientId,
    revokedAt: fixedNow,
    tokensFrom: second + 1 + latecomersSeconds,
  });
});

test('a status that it has already changes nothing', () => {
  const revoked = revoke(undefined);
  expect(revoke(revoked, fixedNow + 5000)).toBe(revoked);
  expect(activate(undefined)).toBeUndefined();
  const active = activate(revoked);
  expect(activate(active, fixedNow + 5000)).toBe(active);
});

test('letting it in again brings no token back', () => {
  const revoked = revoke(undefined);
  expect(activate(revoked)).toEqual({ ...revoked, revokedAt: null });
});

test('each revocation concerns the tokens that were good after the one before, within a second and when the clock steps back', () => {
  let record = revoke(undefined);
  for (const now of [fixedNow, fixedNow + 1, fixedNow - 3_600_000]) {
    const before = record?.tokensFrom ?? 0;
    record = revoke(activate(record, now), now);
    expect(record?.tokensFrom).toBe(before + 1);
  }
  expect(revoke(activate(record), fixedNow + 3_600_000)?.tokensFrom).toBe(second + 3601 + latecomersSeconds);
});
