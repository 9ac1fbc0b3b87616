import { createServiceIdentity, type ServiceIdentity } from '@latchkey/auth-client';
import { createIdentityStore } from '@latchkey/service-kit/identity';
import { openServiceDatabase } from './service-database.ts';

/**
 * Opens an identity with which we authenticate as one more replica of a service. Its key is in the service's database.
 */
export async function openIdentity(
  service: 'cart-service' | 'payment-service',
  databaseUrl: string,
): Promise<AsyncDisposable & { readonly identity: ServiceIdentity }> {
  const database = await openServiceDatabase(service, databaseUrl, { connections: 1 });
  const identity = createServiceIdentity({ clientId: service, store: createIdentityStore(database.db) });
  return {
    identity,
    async [Symbol.asyncDispose]() {
      identity.close();
      await database.close();
    },
  };
}
