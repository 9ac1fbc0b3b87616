export { DevStackError, explain } from './errors.ts';
export { startPostgres, type Postgres, type PostgresOptions } from './postgres/start.ts';
