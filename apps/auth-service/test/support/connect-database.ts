import { drizzle } from 'drizzle-orm/node-postgres';

/**
 * Connects to a test's database. The pool may be ended just before the database is dropped: `pool.end()` returns before
 * Postgres has closed the connections, and dropping then breaks them, which must not fail the test run.
 */
export function connectDatabase(url: string) {
  const db = drizzle(url);
  db.$client.on('error', () => {});
  return db;
}
