import pg from 'pg';

/**
 * Creates a client of our own Postgres. It ignores the settings that pg reads from the environment (PGSSLMODE,
 * PGOPTIONS and so on), because those in the shell are meant for another server.
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
