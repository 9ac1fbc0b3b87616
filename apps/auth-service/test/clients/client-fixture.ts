import type { Service } from '@latchkey/service-kit';
import { type AuthApp, from, startAuthApp, storefrontOrigin, testPassword } from '../support/auth-app.ts';
import { ask, createOperator, type Database, openDatabase, type Person } from '../support/operator.ts';
import { startServices, type TestServices } from '../support/services.ts';

export type ClientFixture = AuthApp & {
  services: TestServices;
  database: Database;
  /** A person who signed in from the command line. */
  operator: Person;
  setStatus(id: string, status: string): ReturnType<typeof ask>;
  /** Re-enables the clients that a test may have disabled. */
  activateAll(): Promise<void>;
};

/** auth-service with two services and an operator who may disable clients. */
export async function startWithClients(): Promise<ClientFixture> {
  const services = await startServices(['payment-service', 'cart-service']);
  const auth = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris } });
  const database = openDatabase(auth);
  const operator = await createOperator(auth, database);
  const setStatus = (id: string, status: string) =>
    ask(auth, operator, { method: 'PUT', url: `/clients/${id}/status`, payload: { status } });
  return {
    ...auth,
    services,
    database,
    operator,
    setStatus,
    async activateAll() {
      for (const id of ['storefront', 'payment-service', 'cart-service']) await setStatus(id, 'active');
    },
    async stop() {
      await database.close();
      await auth.stop();
      await services.close();
    },
  };
}

/** Signs in from the shop's page (POST /sessions). */
export function signInByBrowser(app: Service, username: string, password = testPassword) {
  return app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'storefront', username, password },
    headers: { ...from(username), origin: storefrontOrigin },
  });
}
