export { createTestDatabase, type TestDatabase } from './database.ts';
export { evictUntil } from './eviction.ts';
export { proxyPrograms, startApache, startHaproxy, startNginx, type TestProxy } from './proxies.ts';
export { startTestRedis, type TestRedis } from './redis.ts';
