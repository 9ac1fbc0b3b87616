export { DevStackError, explain } from './errors.ts';
export { startPostgres, type Postgres, type PostgresOptions } from './postgres/start.ts';
export { startRedis, type RedisInstance, type RedisOptions } from './redis/start.ts';
