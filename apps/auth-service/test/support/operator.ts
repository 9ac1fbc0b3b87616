import { eventually } from '@latchkey/testing';
import { eq } from 'drizzle-orm';
import { expect } from 'vitest';
import { accounts, applications, auditEvents } from '../../src/database/schema.ts';
import { type AuthApp, bearer, from, register, signIn, type Tokens } from './auth-app.ts';
import { connectDatabase } from './connect-database.ts';

export type Person = Tokens & { readonly id: string; readonly username: string };

/** Registers a person and signs them in. */
export async function createPerson({ app }: AuthApp, body: Record<string, unknown> = {}): Promise<Person> {
  const username = await register(app);
  const tokens = await signIn(app, username, body);
  const own = await app.inject({ url: '/account', headers: bearer(tokens.access_token) });
  return { ...tokens, username, id: own.json().id };
}

export type Database = ReturnType<typeof openDatabase>;

/** Direct access to auth-service's database, for what no route reveals or does. */
export function openDatabase({ databaseUrl }: AuthApp) {
  const db = connectDatabase(databaseUrl);
  return {
    db,
    close: () => db.$client.end(),
    async accountOf(id: string) {
      const [row] = await db.select().from(accounts).where(eq(accounts.id, id));
      if (row === undefined) throw new Error('there is no such account');
      return row;
    },
    /** Marks one of our own clients, or takes the mark back. A replica reads it at the next look. */
    markBoundOnly: (clientId: string, isBoundOnly: boolean) =>
      db.update(applications).set({ isBoundOnly }).where(eq(applications.clientId, clientId)),
    change: (id: string, values: Partial<typeof accounts.$inferInsert>) =>
      db.update(accounts).set(values).where(eq(accounts.id, id)),
    /** The audit events of an account, in order. */
    eventsOf: (id: string) =>
      db.select().from(auditEvents).where(eq(auditEvents.subject, id)).orderBy(auditEvents.id),
    /**
     * Locks this account until the returned function is called. That function can also change the account, and the
     * waiting requests then see the change.
     */
    async lock(id: string): Promise<(change?: 'disable') => Promise<void>> {
      const client = await db.$client.connect();
      await client.query('begin');
      await client.query('select 1 from accounts where id = $1 for update', [id]);
      return async (change) => {
        if (change) await client.query('update accounts set disabled_at = now() where id = $1', [id]);
        await client.query('commit');
        client.release();
      };
    },
    /** Resolves when this many queries wait for the lock. */
    async untilWaiting(count: number): Promise<void> {
      const waiting = async () => {
        const { rowCount } = await db.$client.query(
          "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return rowCount;
      };
      await eventually('the requests wait for the lock', async () => expect(await waiting()).toBe(count));
    },
  };
}

/** A signed-in person with an operator's rights. */
export async function createOperator(auth: AuthApp, { change }: Database): Promise<Person> {
  const person = await createPerson(auth);
  await change(person.id, { roles: ['admin'] });
  return { ...person, ...(await signIn(auth.app, person.username)) };
}

/** A request of this person, from their own address. */
export function ask(
  { app }: Pick<AuthApp, 'app'>,
  person: Pick<Person, 'access_token' | 'username'>,
  request: { method: 'GET' | 'PUT' | 'DELETE' | 'PATCH' | 'POST'; url: string; payload?: unknown },
) {
  const { payload, ...rest } = request;
  const headers = { ...bearer(person.access_token), ...from(person.username) };
  return app.inject({ ...rest, headers, ...(payload === undefined ? {} : { payload: payload as object }) });
}
