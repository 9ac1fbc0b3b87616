import { createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import { createTestDatabase, type TestDatabase } from '@latchkey/dev-stack/testing';
import type { Service } from '@latchkey/service-kit';
import { callsTo, describeAuthorization, sendBy } from '@latchkey/testing/service-contract';
import { afterAll, beforeAll } from 'vitest';
import { buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { openSampleDatabase } from '../src/database/open-sample-database.ts';

let storage: TestDatabase;
let app: Service;
let issuer: TestIssuer;
let stranger: TestIssuer;

beforeAll(async () => {
  storage = await createTestDatabase();
  issuer = await createTestIssuer({ audience: 'sample-service' });
  stranger = await createTestIssuer({ issuer: issuer.issuer, audience: 'sample-service' });
  const config = readConfig({
    NODE_ENV: 'test',
    PORT: '0',
    LOG_LEVEL: 'silent',
    DATABASE_URL: storage.url,
    ISSUER: issuer.issuer,
    JWKS_URI: issuer.jwksUri,
    TOKEN_ENDPOINT: issuer.tokenEndpoint,
    REVOCATIONS_URI: issuer.revocations.uri,
  });
  const database = await openSampleDatabase(config);
  app = await buildApp({ config, database, revocations: issuer.revocations });
  await app.authClient.ready();
});
afterAll(async () => {
  await app.close();
  await Promise.all([issuer.close(), stranger.close()]);
  await storage.drop();
});

const send = sendBy((path, request) => callsTo(app, () => '')(path, request));

describeAuthorization(
  [{ method: 'GET', path: '/sample', scopes: ['sample:read'], status: 200 }],
  { otherAudience: 'auth-service' },
  // The service does not store anything yet.
  () => ({ issuer, stranger, send, stored: async () => [], prepare: async () => {} }),
);
