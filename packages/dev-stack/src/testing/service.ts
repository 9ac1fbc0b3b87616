import { basename, join } from 'node:path';
import { freePort } from '../processes/ports.ts';
import { commonEnvironment } from '../services/environment.ts';
import { createService, type Service } from '../services/service.ts';

export type TestServiceOptions = {
  /** The folder of its sources: of this version or of another. */
  directory: string;
  /** Where its log goes. */
  logs: string;
  /** Beside what every service of the stack has. It gets the service's own URL. */
  env: (url: string) => NodeJS.ProcessEnv;
};

/**
 * Creates a service on a random loopback port, outside a stack. Does not start it.
 *
 * @example
 * const cart = await createTestService({ directory: 'apps/cart-service', logs: folder, env: () => settings });
 * await cart.start();
 */
export async function createTestService({ directory, logs, env }: TestServiceOptions): Promise<Service> {
  const port = await freePort();
  const name = basename(directory);
  const own = env(`http://127.0.0.1:${port}`);
  return createService(
    { name, directory, defaultPort: port, portVariable: '' },
    {
      port,
      env: { ...commonEnvironment(port), HOST: '127.0.0.1', ...own },
      logFile: join(logs, `${name}-${port}.log`),
    },
  );
}
