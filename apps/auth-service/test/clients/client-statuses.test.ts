import type { Revocation } from '@latchkey/auth-client';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ClientStatuses, createClientStatuses } from '../../src/clients/client-statuses.ts';
import { type OpenTestDatabase, openTestDatabase } from '../database/open-test-database.ts';

const operator = { subject: 'operator', clientId: 'latchkey-cli' };

let database: OpenTestDatabase;
let now: number;
let published: Revocation[];
let onPublish: () => Promise<void>;
let audited: string[];
let warnings: object[];
const replicas: ClientStatuses[] = [];

beforeEach(async () => {
  database = await openTestDatabase();
  now = Date.UTC(2026, 0, 1);
  published = [];
  onPublish = async () => {};
  audited = [];
  warnings = [];
});
afterEach(async () => {
  await Promise.all(replicas.splice(0).map((replica) => replica.stop()));
  await database.close();
});

async function replica(
  options: { db?: OpenTestDatabase['db']; reloadMs?: number } = {},
): Promise<ClientStatuses> {
  const statuses = createClientStatuses({
    db: options.db ?? database.db,
    log: { warn: (entry: object) => void warnings.push(entry) } as never,
    audit: { record: (event) => void audited.push(`${event.event} ${event.clientId} by ${event.subject}`) },
    publish: async (revocation) => {
      published.push(revocation);
      await onPublish();
    },
    clock: () => now,
    reloadMs: options.reloadMs ?? 60_000,
  });
  replicas.push(statuses);
  await statuses.start();
  return statuses;
}

const revoke = (statuses: ClientStatuses, clientId = 'storefront', by = operator) =>
  statuses.change({ clientId, status: 'revoked' }, by);
const activate = (statuses: ClientStatuses, clientId = 'storefront') =>
  statuses.change({ clientId, status: 'active' }, operator);

test('a revoked client stays revoked after a restart, and everybody was told once it was written', async () => {
  const statuses = await replica();
  let isWrittenWhenTold = false;
  onPublish = async () => {
    isWrittenWhenTold = (await replica()).isRevoked('storefront');
  };
  await revoke(statuses);
  expect(isWrittenWhenTold).toBe(true);
  expect(statuses.isRevoked('storefront')).toBe(true);
  expect(statuses.isRevoked('latchkey-cli')).toBe(false);
  expect(statuses.revokedAt('storefront')).toBe(now);
  expect(published).toEqual([
    { kind: 'client', id: 'storefront', before: now / 1000 + 11, reason: 'client_revoked' },
  ]);
  expect(audited).toEqual(['client.revoked storefront by operator']);
});

test('letting it in again tells nobody, and its good tokens are those from after the revocation', async () => {
  const statuses = await replica();
  await revoke(statuses);
  await activate(statuses);
  expect(statuses.isRevoked('storefront')).toBe(false);
  expect(statuses.issuedFromOf('storefront')).toBe((published[0] as { before: number }).before);
  expect(published).toHaveLength(1);
  expect(audited).toEqual([
    'client.revoked storefront by operator',
    'client.activated storefront by operator',
  ]);
});

test('while it is revoked it has no earliest time for new tokens', async () => {
  const statuses = await replica();
  await revoke(statuses);
  expect(statuses.issuedFromOf('storefront')).toBe(0);
});

test('a repeated request publishes the same revocation again, and so completes one that failed half-way', async () => {
  const statuses = await replica();
  onPublish = () => Promise.reject(new Error('nobody there'));
  await expect(revoke(statuses)).rejects.toThrow('nobody there');
  expect(statuses.isRevoked('storefront')).toBe(true);
  onPublish = async () => {};
  now += 60_000;
  await revoke(statuses);
  expect(published[1]).toEqual(published[0]);
  await activate(statuses);
  await activate(statuses);
  expect(published).toHaveLength(2);
  expect(audited.filter((line) => line.startsWith('client.activated'))).toHaveLength(1);
});

test('nobody can switch off the client that they use, or any client by means of one that is switched off', async () => {
  const statuses = await replica();
  await expect(revoke(statuses, 'latchkey-cli')).rejects.toMatchObject({ status: 409, code: 'own_client' });
  await revoke(statuses);
  const other = { subject: 'other', clientId: 'storefront' };
  await expect(revoke(statuses, 'latchkey-cli', other)).rejects.toMatchObject({
    status: 403,
    code: 'client_revoked',
  });
  expect(statuses.isRevoked('latchkey-cli')).toBe(false);
});

test('of two operators who switch off each other’s client at two replicas at once, one succeeds', async () => {
  const [one, two] = [await replica(), await replica({ db: await database.another() })];
  for (let round = 0; round < 10; round += 1) {
    const results = await Promise.allSettled([
      revoke(one, 'storefront'),
      revoke(two, 'latchkey-cli', { subject: 'other', clientId: 'storefront' }),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await Promise.all([one.reload(), two.reload()]);
    const left = ['storefront', 'latchkey-cli'].filter((id) => !one.isRevoked(id));
    expect(left).toHaveLength(1);
    for (const clientId of ['storefront', 'latchkey-cli'])
      await one.change({ clientId, status: 'active' }, { subject: 'a', clientId: left[0] as string });
  }
});

test('another replica follows when it is told, and by reading the database when it is not', async () => {
  const one = await replica();
  const hearing = await replica({ db: await database.another() });
  const looking = await replica({ db: await database.another(), reloadMs: 20 });
  await revoke(one);
  expect(hearing.isRevoked('storefront')).toBe(false);
  hearing.applyRevocations(published);
  expect(hearing.isRevoked('storefront')).toBe(true);
  await eventually('the client is known to be revoked', () =>
    expect(looking.isRevoked('storefront')).toBe(true),
  );

  await activate(one);
  await eventually('the client is known to be active again', () =>
    expect(looking.isRevoked('storefront')).toBe(false),
  );
  await hearing.reload();
  expect(hearing.isRevoked('storefront')).toBe(false);
  expect(hearing.issuedFromOf('storefront')).toBe(one.issuedFromOf('storefront'));
});

test('a late or repeated revocation does not switch off a client that was let in again since', async () => {
  const one = await replica();
  const other = await replica({ db: await database.another() });
  await revoke(one);
  await activate(one);
  other.applyRevocations(published);
  await eventually('the other replica knows that the client is active again', () =>
    expect(other.isRevoked('storefront')).toBe(false),
  );
  other.applyRevocations(published);
  expect(other.isRevoked('storefront')).toBe(false);
});

test('without Postgres it uses what it knows and what it is told', async () => {
  const cut = await replica({ reloadMs: 20 });
  const other = await replica({ db: await database.another() });
  await revoke(other, 'payment-service');
  await cut.reload();
  await database.cutOff();
  await revoke(other);
  cut.applyRevocations(published.slice(1));
  await eventually('there has been more than one warning', () => expect(warnings.length).toBeGreaterThan(1));
  expect(cut.isRevoked('payment-service')).toBe(true);
  expect(cut.isRevoked('storefront')).toBe(true);
  await activate(other);
  await database.reconnect();
  await eventually('the change that was missed is known', () =>
    expect(cut.isRevoked('storefront')).toBe(false),
  );
});
