import { join } from 'node:path';

/** The data needed to run a service. */
export type ServiceDefinition = {
  /** Also the name of its log file. */
  name: string;
  /** Its folder, from which `node <entry>` is run. */
  directory: string;
  entry: string;
  audience: string;
  defaultPort: number;
  /** Environment variable that chooses another port. */
  portVariable: string;
};

/** A service with a Postgres database. */
export type DatabaseServiceDefinition = ServiceDefinition & { database: string };

export type ServiceKey = 'auth' | 'cart' | 'wishlist' | 'payment';

const repository = join(import.meta.dirname, '..', '..', '..', '..');

/** The services of the stack. auth comes first: the others fetch its public keys when they start. */
export const serviceDefinitions: Record<ServiceKey, DatabaseServiceDefinition> = {
  auth: define('auth', 4000),
  cart: define('cart', 4001),
  wishlist: define('wishlist', 4002),
  payment: define('payment', 4003),
};

/** Serves the page. It has no database, and no token has it as audience. */
export const storefrontDefinition: ServiceDefinition = {
  name: 'storefront',
  directory: join(repository, 'apps', 'storefront'),
  entry: 'src/main.ts',
  audience: 'storefront',
  defaultPort: 3000,
  portVariable: 'STOREFRONT_PORT',
};

function define(key: ServiceKey, defaultPort: number): DatabaseServiceDefinition {
  return {
    name: `${key}-service`,
    directory: join(repository, 'apps', `${key}-service`),
    entry: 'src/main.ts',
    audience: `${key}-service`,
    defaultPort,
    portVariable: `${key.toUpperCase()}_PORT`,
    database: key,
  };
}
