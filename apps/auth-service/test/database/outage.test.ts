import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@latchkey/dev-stack/testing';
import { type NetworkLink, startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually } from '@latchkey/testing';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { upsertApplication } from '../../src/clients/application-store.ts';
import { type FirstPartyRow, seededClients } from '../../src/clients/first-party.ts';
import { createConsentStore } from '../../src/consents/consent-store.ts';
import { type AuthDatabase, openAuthDatabase } from '../../src/database/open-auth-database.ts';
import { applications } from '../../src/database/schema.ts';
import { createDataSetStore } from '../../src/revocation/log/data-set-store.ts';
import {
  type AuthApp,
  bearer,
  from,
  refresh,
  register,
  signIn,
  startAuthApp,
  type Tokens,
  testPassword,
} from '../support/auth-app.ts';
import { ask, createOperator, createPerson, openDatabase } from '../support/operator.ts';

let database: TestDatabase;
let link: NetworkLink;
let auth: AuthApp;
beforeAll(async () => {
  database = await createTestDatabase();
  link = await startNetworkLink(database.url);
  auth = await startAuthApp({ env: { DATABASE_URL: link.url, CLIENT_REGISTRATION: 'anybody' } });
});
afterAll(async () => {
  await auth.stop();
  await link.close();
  await database.drop();
});

/** A check of readiness may take a second at most, which is short on a busy machine. */
const untilReady = () =>
  eventually('auth-service is ready', async () =>
    expect((await auth.app.inject({ url: '/ready' })).statusCode).toBe(200),
  );

test('without Postgres, people stay signed in, /ready answers 200, and routes that need Postgres answer 503', async () => {
  const username = await register(auth.app);
  const session = await signIn(auth.app, username);
  await untilReady();

  await link.cut();
  const signingIn = await auth.app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'latchkey-cli', username, password: testPassword },
    headers: from(username),
  });
  expect(signingIn.statusCode).toBe(503);
  expect(signingIn.json()).toMatchObject({ code: 'database_unavailable' });

  await untilReady();
  const refreshed = await refresh(auth.app, session.refresh_token);
  expect(refreshed.statusCode).toBe(200);
  const { access_token, refresh_token } = refreshed.json<Tokens>();
  expect((await refresh(auth.app, refresh_token)).statusCode).toBe(200);
  const devices = await auth.app.inject({ url: '/sessions', headers: bearer(access_token) });
  expect(devices.statusCode).toBe(200);

  await link.restore();
  await eventually('signing in works again', async () =>
    expect(await signIn(auth.app, username).then(Boolean, () => false)).toBe(true),
  );
});

test('without Postgres operators can change nothing, and are told so', async () => {
  const shop = openDatabase({ ...auth, databaseUrl: database.url });
  const operator = await createOperator(auth, shop);
  await shop.close();
  const { keys } = (await auth.app.inject({ url: '/.well-known/jwks.json' })).json();
  await link.cut();
  for (const request of [
    { method: 'GET', url: '/clients' },
    { method: 'PUT', url: '/clients/storefront/status', payload: { status: 'revoked' } },
    { method: 'DELETE', url: `/keys/${keys[0].kid}` },
  ] as const) {
    const answer = await ask(auth, operator, request);
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ code: 'database_unavailable' });
    expect(answer.headers['retry-after']).toBeDefined();
  }
  expect((await auth.app.inject({ url: '/.well-known/jwks.json' })).json()).toEqual({ keys });
  await link.restore();
  const list = { method: 'GET', url: '/clients' } as const;
  await eventually('the accounts can be listed again', async () =>
    expect((await ask(auth, operator, list)).statusCode).toBe(200),
  );
});

test('what was answered 503 while Postgres stood still is not done later, so a repetition succeeds', async () => {
  const username = `person-${randomBytes(4).toString('hex')}`;
  const requests = [
    { method: 'POST', url: '/accounts', payload: { username, password: testPassword } },
    {
      method: 'POST',
      url: '/register',
      payload: { client_name: username, redirect_uris: ['https://app.example/callback'] },
    },
  ] as const;
  const ask = () =>
    Promise.all(requests.map((request) => auth.app.inject({ ...request, headers: from(username) })));
  const { db, close } = openDatabase({ ...auth, databaseUrl: database.url });
  await untilReady();
  // So that there are enough connections: nothing is sent on a new one before Postgres answers.
  await Promise.all(Array.from({ length: 4 }, () => register(auth.app)));

  link.stall();
  expect((await ask()).map(({ statusCode }) => statusCode)).toEqual([503, 503]);
  const { rows } = await db.$client.query('select clock_timestamp() as until');
  await link.restore();
  await eventually('Postgres has read what it was sent', async () => {
    const unread = await db.$client.query(
      "select 1 from pg_stat_activity where datname = current_database() and application_name = 'auth-service' and query_start < $1",
      [rows[0].until],
    );
    expect(unread.rowCount).toBe(0);
  });

  expect((await ask()).map(({ statusCode }) => statusCode)).toEqual([201, 201]);
  const named = await db.select().from(applications).where(eq(applications.name, username));
  expect(named).toHaveLength(1);
  await close();
});

test('what failed while Postgres stood still does not undo later what was done meanwhile', async () => {
  const open = async (url: string) => {
    const opened = await openAuthDatabase({
      DATABASE_URL: url,
      DATABASE_POOL_SIZE: 4,
      DATABASE_TIMEOUT_MS: 10_000,
    });
    onTestFinished(() => opened.close());
    return { ...opened, consents: createConsentStore({ ...opened, clock: Date.now }) };
  };
  const [stalled, other] = [await open(link.url), await open(database.url)];
  const rename = ({ db }: AuthDatabase, name: string) => {
    const [client] = seededClients as [FirstPartyRow];
    return upsertApplication(db, { ...client, id: 'renamed', name }, new Date());
  };
  const { id } = await createPerson(auth);
  await other.consents.grant(id, 'allowed-again', ['cart:read']);
  // The connections that the changes take next: at the same time, so that each has its own.
  const pids = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const { rows } = await stalled.pool.query('select pg_backend_pid() as pid, pg_sleep(0.05)');
      return rows[0].pid as number;
    }),
  );

  link.stall();
  const given = await Promise.allSettled([
    stalled.consents.grant(id, 'withdrawn', ['cart:read']),
    stalled.consents.withdraw(id, 'allowed-again'),
    rename(stalled, 'older'),
    createDataSetStore(stalled.db).replace(1000, 'older'),
  ]);
  expect(given.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
  await other.consents.grant(id, 'allowed-again', ['cart:write']);
  await rename(other, 'newer');
  await createDataSetStore(other.db).replace(1000, 'newer');
  await link.restore();
  await eventually('Postgres has read what it was sent', async () => {
    const query = 'select 1 from pg_stat_activity where pid = any($1)';
    expect((await other.pool.query(query, [pids])).rowCount).toBe(0);
  });

  expect({
    allowed: (await other.consents.list(id)).map(({ clientId }) => clientId),
    named: await other.db.select().from(applications).where(eq(applications.clientId, 'renamed')),
    dataSet: (await createDataSetStore(other.db).readAll()).get(1000),
  }).toMatchObject({ allowed: ['allowed-again'], named: [{ name: 'newer' }], dataSet: { id: 'newer' } });
});
