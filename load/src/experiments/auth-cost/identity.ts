import { fileURLToPath } from 'node:url';
import { createServiceIdentity, type ServiceIdentity } from '@latchkey/auth-client';
import { openDatabase } from '@latchkey/service-kit';
import { createIdentityStore, serviceKeys } from '@latchkey/service-kit/identity';

/** Lets us prove who we are as one more replica of a service does: with a key in the service's database. */
export async function openIdentity(
  service: 'cart-service' | 'payment-service',
  databaseUrl: string,
): Promise<AsyncDisposable & { readonly identity: ServiceIdentity }> {
  const database = await openDatabase({
    url: databaseUrl,
    schema: { serviceKeys },
    migrationsFolder: fileURLToPath(new URL(`../../../../apps/${service}/drizzle`, import.meta.url)),
    poolSize: 1,
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
