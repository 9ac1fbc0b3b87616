export { createTestDatabase, type TestDatabase } from './database.ts';
export { evictUntil } from './eviction.ts';
export { lacksPgBouncer, startTestPgBouncer, type TestPgBouncer } from './pgbouncer.ts';
export { startTestStandby, type TestStandby } from './postgres-standby.ts';
export { proxyPrograms, startApache, startHaproxy, startNginx, type TestProxy } from './proxies.ts';
export { startTestRedis, type TestRedis } from './redis.ts';
export { type ClusterMember, startTestCluster, type TestCluster } from './redis-cluster.ts';
export { testEngines } from './redis-engines.ts';
export { startTestSentinels, type TestSentinels } from './redis-sentinels.ts';
