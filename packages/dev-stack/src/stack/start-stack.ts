import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Postgres, startPostgres } from '../postgres/start.ts';
import { type RedisInstance, startRedis } from '../redis/start.ts';
import { type ServiceKey, serviceDefinitions, storefrontDefinition } from '../services/definitions.ts';
import {
  authEnvironment,
  callerEnvironment,
  issuerAt,
  paymentEnvironment,
  serviceEnvironment,
} from '../services/environment.ts';
import { createService, type Service } from '../services/service.ts';
import { watchedKeys } from '../storefront/environment.ts';
import { stoppableParts } from '../storefront/stoppable.ts';
import { startStorefront } from '../storefront/storefront.ts';
import { createAccounts, createDemoAccounts, type DemoAccount, demoAccounts } from './accounts.ts';
import { controlSocketIn, startControl } from './control.ts';
import { lockDirectory } from './lock.ts';
import { choosePorts } from './ports.ts';
import { loadSecrets } from './secrets.ts';

type Environments = Partial<Record<ServiceKey, NodeJS.ProcessEnv>>;

export type StackOptions = {
  /** Folder for data, secrets and logs; made when missing. One stack at a time. */
  directory: string;
  /** 'default': 4000 to 4003 and 3000, or what AUTH_PORT, CART_PORT, WISHLIST_PORT, PAYMENT_PORT, STOREFRONT_PORT say. */
  ports: 'default' | 'random';
  /** false: no fsync, for data that is thrown away. Default true. */
  durable?: boolean;
  /** Serves the page too, in demo mode, and lets it stop and start parts of the stack. Default false. */
  storefront?: boolean;
  /** Settings of single services, over those that the stack makes; a function is told where the services will be. */
  env?: Environments | ((urls: Readonly<Record<ServiceKey, string>>) => Promise<Environments>);
  onProgress?: (line: string) => void;
  /** One line when something that ran has ended by itself. */
  onCrash?: (message: string) => void;
  /** Aborting it undoes a start that is under way. */
  signal?: AbortSignal;
};

export type Stack = {
  services: Record<ServiceKey, Service>;
  /** Only if it was asked for. Its page is at http://localhost and this port. */
  storefront?: Service;
  issuer: string;
  accounts: DemoAccount[];
  redis: RedisInstance;
  postgres: Postgres;
  /** Makes more accounts, however many, whether or not auth-service runs. */
  createAccounts(accounts: readonly DemoAccount[]): Promise<void>;
  /** Services first, then their stores. May be called more than once. */
  stop(): Promise<void>;
};

/**
 * The whole system on this machine: Postgres, Redis, the services as child processes, the demo accounts. Resolves when
 * every service says that it is ready; when it rejects, nothing is left running.
 *
 * @throws DevStackError, one line that says what to do; the signal's reason when aborted
 * @example
 * const stack = await startStack({ directory: '.latchkey', ports: 'random' });
 * const response = await fetch(`${stack.services.cart.url}/ready`);
 * await stack.stop();
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const directory = resolve(options.directory);
  mkdirSync(join(directory, 'logs'), { recursive: true });
  const cleanups: (() => unknown)[] = [lockDirectory(directory)];
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= undo(cleanups));
  try {
    return { ...(await start(directory, options, cleanups)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  directory: string,
  options: StackOptions,
  cleanups: (() => unknown)[],
): Promise<Omit<Stack, 'stop'>> {
  const { durable = true, onProgress, onCrash, signal } = options;
  const ports = await portsOf(options);
  const env = await givenEnvironments(options, ports);
  const secrets = loadSecrets(directory);

  const logs = join(directory, 'logs');
  const controlSocket = controlSocketIn(directory);
  onProgress?.(
    hasStorefront(ports) ? 'Starting Postgres, Redis and the page …' : 'Starting Postgres and Redis …',
  );
  const stop = { ...(signal === undefined ? {} : { signal }) };
  const [postgres, redis, storefront] = await all([
    startPostgres({ directory: join(directory, 'postgres'), durable, ...stop }).then((started) => {
      cleanups.push(started.stop);
      return started;
    }),
    startRedis({ directory: join(directory, 'redis'), durable, onProgress, ...stop }).then((started) => {
      cleanups.push(started.stop);
      return started;
    }),
    // It needs none of the others, and is there when they have something to show.
    hasStorefront(ports)
      ? startStorefront({
          ports,
          controlSocket,
          logs,
          onCrash,
          signal,
          onCleanup: (end) => cleanups.push(end),
        })
      : undefined,
  ]);

  const ownEnv: Environments = {
    auth: { ...authEnvironment(redis.url, secrets, ports), ...(storefront && watchedKeys) },
    wishlist: callerEnvironment(ports),
    payment: { ...callerEnvironment(ports), ...paymentEnvironment(secrets) },
  };
  const create = async (key: ServiceKey): Promise<[Service, NodeJS.ProcessEnv]> => {
    const definition = serviceDefinitions[key];
    const databaseUrl = await postgres.createDatabase(definition.database);
    const serviceEnv = {
      ...serviceEnvironment({
        port: ports[key],
        databaseUrl,
        authPort: ports.auth,
        storefrontPort: ports.storefront,
      }),
      ...ownEnv[key],
      ...env[key],
    };
    const logFile = join(logs, `${definition.name}.log`);
    const service = createService(definition, { port: ports[key], env: serviceEnv, logFile, onCrash });
    return [service, serviceEnv];
  };
  const [[auth, commandEnv], [cart], [wishlist], [payment]] = await all([
    create('auth'),
    create('cart'),
    create('wishlist'),
    create('payment'),
  ]);
  cleanups.push(() => Promise.all([auth, cart, wishlist, payment].map((service) => service.stop())));
  if (storefront) {
    const control = await startControl(controlSocket, stoppableParts(auth, redis));
    cleanups.push(control.close);
  }

  onProgress?.('Starting auth-service …');
  await all([auth.start(signal), createDemoAccounts(directory, commandEnv, signal)]);
  onProgress?.('Starting cart-service, wishlist-service and payment-service …');
  await all([cart.start(signal), wishlist.start(signal), payment.start(signal)]);
  signal?.throwIfAborted();
  return {
    services: { auth, cart, wishlist, payment },
    ...(storefront && { storefront }),
    issuer: issuerAt(ports.auth),
    accounts: demoAccounts,
    redis,
    postgres,
    createAccounts: (accounts) => createAccounts(accounts, commandEnv, signal),
  };
}

type Ports = Readonly<Record<ServiceKey, number> & { storefront?: number }>;

async function portsOf({ ports, storefront = false }: StackOptions): Promise<Ports> {
  if (!storefront) return await choosePorts(serviceDefinitions, ports);
  return await choosePorts({ ...serviceDefinitions, storefront: storefrontDefinition }, ports);
}

function hasStorefront(ports: Ports): ports is Ports & { storefront: number } {
  return ports.storefront !== undefined;
}

async function givenEnvironments(
  { env = {} }: StackOptions,
  ports: Readonly<Record<ServiceKey, number>>,
): Promise<Environments> {
  if (typeof env !== 'function') return env;
  const url = (key: ServiceKey) => `http://127.0.0.1:${ports[key]}`;
  return env({ auth: url('auth'), cart: url('cart'), wishlist: url('wishlist'), payment: url('payment') });
}

/** As Promise.all, but waits for every one, so that nothing goes on behind the back of whoever then cleans up. */
async function all<T extends readonly unknown[]>(
  promises: { [K in keyof T]: Promise<T[K]> | T[K] },
): Promise<T> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

/** In reverse: services before their stores, the lock last. One that fails does not spare the others. */
async function undo(cleanups: (() => unknown)[]): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) {
    try {
      await cleanup();
    } catch {
      // What cannot be stopped has ended.
    }
  }
}
