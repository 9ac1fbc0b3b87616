import { fileURLToPath } from 'node:url';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { testMain } from '@latchkey/testing/service-contract';

testMain({
  program: fileURLToPath(new URL('../src/main.ts', import.meta.url)),
  settings: {},
  route: '/sample',
  createTestDatabase,
});
