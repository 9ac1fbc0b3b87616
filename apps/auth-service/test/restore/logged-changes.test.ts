import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readLoggedChanges } from '../../src/commands/logged-changes.ts';

const line = (minute: number, audit: object) =>
  `${JSON.stringify({ level: 30, time: `2026-11-29T10:${minute}:00.000Z`, service: 'auth-service', audit })}\n`;
const read = (...lines: string[]) => readLoggedChanges(Readable.from([lines.join('')]));

test('of each account and client the last change counts, in whatever order the logs of replicas come', async () => {
  const changes = await read(
    line(30, { event: 'account.enabled', subject: 'ada' }),
    line(31, { event: 'client.revoked', clientId: 'kiosk' }),
    line(32, { event: 'consent.granted', subject: 'ada', clientId: 'gifts' }),
    line(20, { event: 'account.disabled', subject: 'ada' }),
    line(21, { event: 'account.roles_changed', subject: 'ada', details: { before: [], after: ['admin'] } }),
    line(22, { event: 'account.roles_changed', subject: 'ada', details: { before: [], after: ['viewer'] } }),
    line(23, { event: 'client.activated', clientId: 'kiosk' }),
    line(24, { event: 'consent.withdrawn', subject: 'ada', clientId: 'gifts' }),
  );
  expect(changes.disabled).toEqual(new Map([['ada', false]]));
  expect(changes.roles).toEqual(new Map([['ada', ['viewer']]]));
  expect(changes.clients).toEqual(new Map([['kiosk', true]]));
  expect(changes.consents).toEqual(new Map([['ada', new Map([['gifts', true]])]]));
});

test('every end of a session counts, a theft that was noticed too, and what only a person can decide is named', async () => {
  const changes = await read(
    'a line of another program\n',
    line(20, { event: 'session.ended', subject: 'ada', sessionId: '0-a', details: { reason: 'sign_out' } }),
    line(21, { event: 'refresh.reused', subject: 'ada', sessionId: '0-b' }),
    line(22, { event: 'account.password_changed', subject: 'ben' }),
    line(23, { event: 'client.removed', clientId: 'gifts' }),
    line(24, { event: 'identity.unlinked', subject: 'ada', details: { provider: 'google' } }),
    line(25, { event: 'key.revoked', details: { kid: 'k1' } }),
    '{"time":1,"audit":{"event":7}}\n{"audit"',
  );
  expect(changes.events).toBe(6);
  expect(changes.sessions.get('ada')).toEqual(
    new Map([
      ['0-a', 'sign_out'],
      ['0-b', 'ended_by_operator'],
    ]),
  );
  expect(changes.keys).toEqual(new Set(['k1']));
  expect(changes.passwords).toEqual(new Set(['ben']));
  expect(changes.subjects).toEqual(new Set(['ada', 'ben']));
  expect(changes.byHand).toEqual([
    'the application gifts was removed: it is registered again',
    'account ada unlinked google: it is linked again',
  ]);
});
