export { DevStackError, explain } from './errors.ts';
export { startPostgres, type Postgres, type PostgresOptions } from './postgres/start.ts';
export { startRedis, type RedisInstance, type RedisOptions } from './redis/start.ts';
export type { ServiceKey } from './services/definitions.ts';
export type { Service } from './services/service.ts';
export type { DemoAccount } from './stack/accounts.ts';
export { startStack, type Stack, type StackOptions } from './stack/start-stack.ts';
