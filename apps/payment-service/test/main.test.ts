import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { testMain } from '@latchkey/testing/service-contract';

testMain({
  program: fileURLToPath(new URL('../src/main.ts', import.meta.url)),
  settings: { CART_URL: 'http://127.0.0.1:1', FINGERPRINT_KEY: randomBytes(32).toString('base64url') },
  route: '/payments',
  createTestDatabase,
});
