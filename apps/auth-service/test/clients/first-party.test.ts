import { forThisFile } from '@latchkey/testing';
import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { createApplications } from '../../src/clients/applications.ts';
import { firstPartyClient, seededClients } from '../../src/clients/first-party.ts';
import { checkBrowserOrigin } from '../../src/sessions/browser-origin.ts';
import { openTestDatabase } from '../database/open-test-database.ts';

const database = await forThisFile(openTestDatabase());
const firstParty = { origins: ['https://shop.example'], sessionLimits: new Map([['latchkey-cli', 3]]) };

const replicaOf = (db = database.db) =>
  createApplications({
    db,
    firstParty,
    log: { warn: () => {} },
    audit: { record: () => {} },
    clock: Date.now,
  });

test('our own clients are added when they are missing, by whichever replica starts first, and are found without Postgres', async () => {
  const replicas = [replicaOf(), replicaOf(await database.another())];
  await Promise.all(replicas.map((replica) => replica.start()));
  await database.cutOff();
  try {
    for (const replica of replicas) {
      expect(replica.all.map(({ id, kind }) => [id, kind])).toEqual([
        ['storefront', 'browser'],
        ['latchkey-cli', 'native'],
        ['latchkey-mobile', 'native'],
      ]);
      expect(replica.find('storefront')).toMatchObject({
        origins: ['https://shop.example'],
        redirectUris: ['https://shop.example/'],
      });
      expect(replica.find('latchkey-cli')).toMatchObject({ maxSessions: 3 });
      expect(replica.find('latchkey-mobile')).toMatchObject({ maxSessions: 1 });
    }
  } finally {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await database.reconnect();
  }
});

test('a client that was changed stays as it is at the next start, and its row is compared without the settings', async () => {
  const replica = replicaOf(await database.another());
  await replica.start();
  const cli = seededClients.find(({ id }) => id === 'latchkey-cli') ?? expect.fail('there is no such client');
  expect(await replica.set(cli)).toBe('unchanged');
  // SESSION_LIMITS hides the limit of the row.
  expect(await replica.set({ ...cli, name: 'Terminal', maxSessions: 9 })).toBe('changed');
  expect(await replica.set({ ...cli, name: 'Terminal', maxSessions: 9 })).toBe('unchanged');
  await replica.start();
  await replica.stop();
  expect(replica.find('latchkey-cli')).toMatchObject({ name: 'Terminal', maxSessions: 3 });
});

test('a page with redirect URIs of its own may be used from their origins alone', () => {
  const redirectUris = ['https://kiosk.example/', 'https://kiosk.example/back', 'https://shop.example:8443/'];
  const row = {
    id: 'kiosk',
    name: 'Kiosk',
    kind: 'browser',
    redirectUris,
    maxSessions: null,
    isBoundOnly: false,
  } as const;
  expect(firstPartyClient(row, firstParty)).toMatchObject({
    redirectUris,
    origins: ['https://kiosk.example', 'https://shop.example:8443'],
  });
});

test('a page whose row names an app’s redirect URI may not be used from opaque origins', () => {
  const redirectUris = ['com.example.kiosk:/done'];
  const row = {
    id: 'kiosk',
    name: 'Kiosk',
    kind: 'browser',
    redirectUris,
    maxSessions: null,
    isBoundOnly: false,
  } as const;
  const request = { headers: { origin: 'null' } } as FastifyRequest;
  expect(() => checkBrowserOrigin(request, firstPartyClient(row, firstParty))).toThrow(
    expect.objectContaining({ code: 'origin_not_allowed' }),
  );
});
