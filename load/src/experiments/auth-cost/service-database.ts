import { fileURLToPath } from 'node:url';
import { openDatabase } from '@latchkey/service-kit';
import { serviceKeys } from '@latchkey/service-kit/identity';

/** Opens the database of a service, as one more replica of it would. */
export function openServiceDatabase(
  service: 'cart-service' | 'payment-service',
  databaseUrl: string,
  { connections }: { connections: number },
) {
  return openDatabase({
    config: { DATABASE_URL: databaseUrl, DATABASE_POOL_SIZE: connections, DATABASE_TIMEOUT_MS: 2000 },
    schema: { serviceKeys },
    migrationsFolder: fileURLToPath(new URL(`../../../../apps/${service}/drizzle`, import.meta.url)),
    applicationName: 'load',
  });
}
