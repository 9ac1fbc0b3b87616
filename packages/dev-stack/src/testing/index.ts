export { createTestDatabase, type TestDatabase } from './database.ts';
export { startTestRedis, type TestRedis } from './redis.ts';
