import { join } from 'node:path';

/** What there is to know about a service in order to run it. */
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
  database: string;
};

export type ServiceKey = 'auth' | 'cart' | 'wishlist' | 'payment';

const repository = join(import.meta.dirname, '..', '..', '..', '..');

/** The services of the stack. auth comes first: the others fetch its public keys when they start. */
export const serviceDefinitions: Record<ServiceKey, ServiceDefinition> = {
  auth: define('auth', 4000),
  cart: define('cart', 4001),
  wishlist: define('wishlist', 4002),
  payment: define('payment', 4003),
};

function define(key: ServiceKey, defaultPort: number): ServiceDefinition {
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
