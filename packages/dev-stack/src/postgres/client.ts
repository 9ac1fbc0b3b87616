import pg from 'pg';

/**
 * A client of a Postgres of ours. pg reads settings from the environment when a client is made; here they do not count,
 * since what is in the shell (PGSSLMODE, PGOPTIONS and so on) is meant for another server.
 *
 * @example const client = createClient({ connectionString: postgres.url('postgres') });
 */
export function createClient(config: pg.ClientConfig): pg.Client {
  const foreign = Object.entries(process.env).filter(([name]) => name.startsWith('PG'));
  for (const [name] of foreign) delete process.env[name];
  try {
    return new pg.Client(config);
  } finally {
    Object.assign(process.env, Object.fromEntries(foreign));
  }
}
