import { fileURLToPath } from 'node:url';
import { createTestDatabase, type TestDatabase } from '@latchkey/dev-stack/testing';
import { testMain } from '@latchkey/testing/service-contract';
import { afterAll, beforeAll } from 'vitest';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

testMain({
  program: fileURLToPath(new URL('../src/main.ts', import.meta.url)),
  settings: {},
  route: '/sample',
  databaseUrl: () => database.url,
});
