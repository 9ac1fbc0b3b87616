export { DevStackError, explain } from './errors.ts';
export { type Postgres, type PostgresOptions, startPostgres } from './postgres/start.ts';
export { type RedisInstance, type RedisOptions, startRedis } from './redis/start.ts';
export type { DemoAccount } from './services/demo-accounts.ts';
export type { Service } from './services/service.ts';
export { type Stack, type StackOptions, startStack } from './stack/start-stack.ts';
