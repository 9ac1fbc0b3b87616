import { join } from 'node:path';
import { byService, type ServiceKey, services } from '@latchkey/services';

/** The data needed to run a service. */
export type ServiceDefinition = {
  /** Also its audience, and the name of its log file. */
  name: string;
  /** Its folder, from which `node src/main.ts` is run. */
  directory: string;
  defaultPort: number;
  /** Environment variable that chooses another port. */
  portVariable: string;
};

/** The services of the stack. auth comes first: the others fetch its public keys when they start. */
export const serviceDefinitions: Readonly<Record<ServiceKey, ServiceDefinition>> = byService((key) => {
  const { name, port, portVariable } = services[key];
  return { name, directory: folderOf(name), defaultPort: port, portVariable };
});

/** Serves the page. It has no database, and no token has it as audience. */
export const storefrontDefinition: ServiceDefinition = {
  name: 'storefront',
  directory: folderOf('storefront'),
  defaultPort: 3000,
  portVariable: 'STOREFRONT_PORT',
};

/** An application of a partner, which signs people in with their account here. */
export const giftIdeasDefinition: ServiceDefinition = {
  name: 'gift-ideas',
  directory: folderOf('gift-ideas'),
  defaultPort: 3001,
  portVariable: 'GIFT_IDEAS_PORT',
};

/** An identity provider, with which people may sign in too. */
export const exampleIdDefinition: ServiceDefinition = {
  name: 'example-id',
  directory: folderOf('example-id', 'packages'),
  defaultPort: 3002,
  portVariable: 'EXAMPLE_ID_PORT',
};

function folderOf(name: string, group: 'apps' | 'packages' = 'apps'): string {
  return join(import.meta.dirname, '..', '..', '..', '..', group, name);
}
