import type { Socket } from 'node:net';
import { forThisFile } from '@latchkey/testing';
import { asc } from 'drizzle-orm';
import { beforeEach, expect, test, vi } from 'vitest';
import { type AuditLog, createAuditLog } from '../../src/audit/audit-log.ts';
import { auditEvents } from '../../src/database/schema.ts';
import { openTestDatabase } from '../database/open-test-database.ts';

let infos: { audit: Record<string, unknown> }[];
let errors: Record<string, unknown>[];
const database = await forThisFile(openTestDatabase());
beforeEach(async () => {
  infos = [];
  errors = [];
  await database.db.delete(auditEvents);
});

function auditLog(options: { maxQueued?: number } = {}): AuditLog {
  return createAuditLog({
    db: database.db,
    log: {
      info: (entry: (typeof infos)[number]) => void infos.push(entry),
      error: (entry: Record<string, unknown>) => void errors.push(entry),
    } as never,
    clock: () => Date.UTC(2026, 0, 1),
    ...options,
  });
}

function rows() {
  return database.db.select().from(auditEvents).orderBy(asc(auditEvents.id));
}

test('an event is in Postgres and in the log, with all that is known of it', async () => {
  const audit = auditLog();
  audit.record({
    event: 'session.ended',
    subject: 'a-subject',
    sessionId: '0-session',
    clientId: 'storefront',
    address: '192.0.2.7',
    requestId: 'a-request',
    traceId: 'a-trace',
    details: { reason: 'sign_out', forced: false, count: 2, roles: ['viewer'] },
  });
  await audit.flush();
  expect(await rows()).toEqual([
    {
      id: expect.any(BigInt),
      at: new Date(Date.UTC(2026, 0, 1)),
      event: 'session.ended',
      subject: 'a-subject',
      sessionId: '0-session',
      clientId: 'storefront',
      address: '192.0.2.7',
      requestId: 'a-request',
      traceId: 'a-trace',
      details: { reason: 'sign_out', forced: false, count: 2, roles: ['viewer'] },
    },
  ]);
  expect(infos).toEqual([
    { audit: expect.objectContaining({ event: 'session.ended', subject: 'a-subject' }) },
  ]);
  expect(audit.counts()).toEqual({ queued: 0, written: 1, lost: 0 });
});

test('no text from outside forges a line, breaks the insert or hides', async () => {
  const audit = auditLog();
  audit.record({
    event: 'sign_in.failed',
    clientId: 'a\n{"level":"info","msg":"forged"}',
    details: { note: 'nul \u0000', 'a\nname': 'b', list: ['\u202e'] },
  });
  await audit.flush();
  expect(errors).toEqual([]);
  expect(await rows()).toMatchObject([
    {
      clientId: 'a\\u000a{"level":"info","msg":"forged"}',
      details: { note: 'nul \\u0000', 'a\\u000aname': 'b', list: ['\\u202e'] },
    },
  ]);
});

test('many events are written in order, in few inserts, and recording waits for none', async () => {
  const audit = auditLog();
  const insert = vi.spyOn(database.db, 'insert');
  for (let index = 0; index < 1000; index += 1) audit.record({ event: 'sign_in.failed', details: { index } });
  expect(insert).not.toHaveBeenCalled();
  await audit.flush();
  expect((await rows()).map(({ details }) => details?.['index'])).toEqual(
    Array.from({ length: 1000 }, (_, i) => i),
  );
  expect(insert.mock.calls.length).toBe(5);
  insert.mockRestore();
});

test('while Postgres is away events wait, and are written when it is back', async () => {
  const audit = auditLog();
  await database.cutOff();
  for (let index = 0; index < 3; index += 1) audit.record({ event: 'sign_in.failed', details: { index } });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(audit.counts()).toEqual({ queued: 3, written: 0, lost: 0 });
  await database.reconnect();
  await audit.flush();
  expect(audit.counts()).toEqual({ queued: 0, written: 3, lost: 0 });
  expect((await rows()).map(({ details }) => details?.['index'])).toEqual([0, 1, 2]);
});

test('an event whose insert meets a connection with broken TLS is written again, and not lost', async () => {
  const audit = auditLog();
  database.pool.once('acquire', (client) => {
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    const broken = Object.assign(new Error('bad record mac'), { code: 'ERR_SSL_BAD_RECORD_MAC' });
    // When the insert has been sent.
    process.nextTick(() => stream.destroy(broken));
  });
  audit.record({ event: 'sign_in.failed' });
  await audit.flush();
  expect(audit.counts()).toEqual({ queued: 0, written: 1, lost: 0 });
  expect(errors).toEqual([]);
});

test('beyond the bound an event is lost from Postgres: it is counted and warned of, and the log still has it', async () => {
  const audit = auditLog({ maxQueued: 2 });
  await database.cutOff();
  for (let index = 0; index < 5; index += 1) audit.record({ event: 'sign_in.failed', details: { index } });
  expect(audit.counts()).toEqual({ queued: 2, written: 0, lost: 3 });
  expect(errors).toHaveLength(3);
  expect(errors.at(-1)).toMatchObject({ lost: 1, lost_in_all: 3 });
  expect(infos).toHaveLength(5);
  await database.reconnect();
  await audit.flush();
  expect((await rows()).map(({ details }) => details?.['index'])).toEqual([0, 1]);
});

test('a row that Postgres refuses is lost alone, and named', async () => {
  const audit = auditLog();
  audit.record({ event: 'sign_in.failed', details: { index: 0 } });
  audit.record({ event: null as never, details: { index: 1 } });
  audit.record({ event: 'sign_in.failed', details: { index: 2 } });
  await audit.flush();
  expect((await rows()).map(({ details }) => details?.['index'])).toEqual([0, 2]);
  expect(audit.counts()).toEqual({ queued: 0, written: 2, lost: 1 });
  expect(errors).toHaveLength(1);
});

test('closing writes what is left, and an event after that is not lost silently', async () => {
  const audit = auditLog();
  audit.record({ event: 'sign_in.failed' });
  await audit.close();
  expect(await rows()).toHaveLength(1);
  audit.record({ event: 'sign_in.failed' });
  expect(audit.counts()).toMatchObject({ queued: 0, lost: 1 });
});

test('closing while Postgres is away does not wait for it, and says what was lost', async () => {
  const audit = auditLog();
  await database.cutOff();
  audit.record({ event: 'sign_in.failed' });
  audit.record({ event: 'sign_in.failed' });
  await audit.close();
  expect(audit.counts()).toEqual({ queued: 0, written: 0, lost: 2 });
  expect(errors).toHaveLength(1);
  await database.reconnect();
});
