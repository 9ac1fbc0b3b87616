import { join } from 'node:path';
import { storefrontDefinition } from '../services/definitions.ts';
import type { Ports } from '../services/environment.ts';
import { createService, type Service } from '../services/service.ts';
import { buildPage } from './build-page.ts';
import { storefrontEnvironment } from './environment.ts';

export type StorefrontPorts = Ports & { storefront: number };

export type StorefrontOptions = {
  ports: StorefrontPorts;
  controlSocket: string;
  /** Folder for the logs of the server and of the build. */
  logs: string;
  onCrash?: ((message: string) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Gets the function that stops the storefront, before it is started. */
  onCleanup: (stop: () => Promise<void>) => void;
};

/**
 * Starts the storefront in demo mode as a child process. Builds its page first if that is out of date.
 *
 * @throws DevStackError when the page cannot be built
 */
export async function startStorefront(options: StorefrontOptions): Promise<Service> {
  const { ports, controlSocket, logs, onCrash, signal, onCleanup } = options;
  const service = createService(storefrontDefinition, {
    port: ports.storefront,
    env: storefrontEnvironment(ports, controlSocket),
    logFile: join(logs, 'storefront.log'),
    onCrash,
  });
  const logFile = join(logs, 'storefront-build.log');
  await buildPage(storefrontDefinition.directory, { logFile, ...(signal && { signal }) });
  onCleanup(service.stop);
  await service.start(signal);
  return service;
}
