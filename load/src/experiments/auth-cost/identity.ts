import { fileURLToPath } from 'node:url';
import { createServiceIdentity, type ServiceIdentity } from '@latchkey/auth-client';
import { openDatabase } from '@latchkey/service-kit';
import { createIdentityStore, serviceKeys } from '@latchkey/service-kit/identity';

/**
 * Opens an identity with which we authenticate as one more replica of a service. Its key is in the service's database.
 */
export async function openIdentity(
  service: 'cart-service' | 'payment-service',
  databaseUrl: string,
): Promise<AsyncDisposable & { readonly identity: ServiceIdentity }> {
  const database = await openDatabase({
    config: { DATABASE_URL: databaseUrl, DATABASE_POOL_SIZE: 1, DATABASE_TIMEOUT_MS: 2000 },
    schema: { serviceKeys },
    migrationsFolder: fileURLToPath(new URL(`../../../../apps/${service}/drizzle`, import.meta.url)),
    applicationName: 'load',
  });
  const identity = createServiceIdentity({ clientId: service, store: createIdentityStore(database.db) });
  return {
    identity,
    async [Symbol.asyncDispose]() {
      identity.close();
      await database.close();
    },
  };
}
