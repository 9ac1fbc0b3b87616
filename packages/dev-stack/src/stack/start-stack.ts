import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { byService, type ServiceKey, serviceKeys, verifierKeys } from '@latchkey/services';
import { createExampleId } from '../example-id/example-id.ts';
import { createGiftIdeas } from '../gift-ideas/gift-ideas.ts';
import { registerGiftIdeas } from '../gift-ideas/registration.ts';
import { type Postgres, startPostgres } from '../postgres/start.ts';
import { type RedisInstance, startRedis } from '../redis/start.ts';
import {
  exampleIdDefinition,
  giftIdeasDefinition,
  serviceDefinitions,
  storefrontDefinition,
} from '../services/definitions.ts';
import {
  createAccounts,
  createDemoAccounts,
  type DemoAccount,
  demoAccounts,
} from '../services/demo-accounts.ts';
import {
  addressOf,
  authEnvironment,
  type OptionalPart,
  originAt,
  type Ports,
  serviceEnvironment,
} from '../services/environment.ts';
import { loadSecrets } from '../services/secrets.ts';
import { createService, type Service } from '../services/service.ts';
import { controlSocketIn, startControl } from '../storefront/control.ts';
import { watchedKeys } from '../storefront/environment.ts';
import { stoppableParts } from '../storefront/stoppable.ts';
import { startStorefront } from '../storefront/storefront.ts';
import { lockDirectory } from './lock.ts';
import { choosePorts } from './ports.ts';

type Environments = Partial<Record<ServiceKey, NodeJS.ProcessEnv>>;

export type StackOptions = {
  /** Folder for data, secrets and logs; created if missing. One stack at a time. */
  directory: string;
  /** 'default': from 4000 on, and 3000 to 3002, or what AUTH_PORT, …, STOREFRONT_PORT say. */
  ports: 'default' | 'random';
  /** False: no fsync, for throwaway data. Default true. */
  durable?: boolean;
  /** Serves the page too, in demo mode, and lets it stop and start parts of the stack. Default false. */
  storefront?: boolean;
  /** A Redis that runs already, instead of one of the stack's own, whose data it would share. Empty means none. */
  redisUrl?: string | undefined;
  /** Registers and starts gift-ideas too, an application of a partner. Default false. */
  giftIdeas?: boolean;
  /** Starts Example ID too, an identity provider that knows auth-service. Default false. */
  exampleId?: boolean;
  /** Which services to start besides auth-service; the others can be started later. Default all. */
  started?: readonly ServiceKey[];
  /** Settings of single services, which override the stack's own; a function gets the addresses of the services. */
  env?: Environments | ((urls: Readonly<Record<ServiceKey, string>>) => Promise<Environments>);
  onProgress?: (line: string) => void;
  /** Called with one line when a running part has ended by itself. */
  onCrash?: (message: string) => void;
  /** Aborting it undoes a start in progress. */
  signal?: AbortSignal;
};

export type Stack = {
  services: Record<ServiceKey, Service>;
  /** Present only if requested. Its page is at http://localhost on this port. */
  storefront?: Service;
  /** Present only if requested. Its page is at http://localhost on this port. */
  giftIdeas?: Service;
  /** Present only if requested. Its issuer is http://localhost on this port. */
  exampleId?: Service;
  issuer: string;
  accounts: DemoAccount[];
  redis: RedisInstance;
  postgres: Postgres;
  /**
   * Another replica of a service, on the same stores and the same port, at another address of this machine such as
   * 127.0.0.2. Does not start it. `env` overrides the settings of the first replica.
   */
  replica(key: ServiceKey, host: string, env?: NodeJS.ProcessEnv): Service;
  /** Creates any number of further accounts, whether or not auth-service runs. */
  createAccounts(accounts: readonly DemoAccount[]): Promise<void>;
  /** Stops the services first, then their stores. May be called more than once. */
  stop(): Promise<void>;
};

/**
 * Starts the whole system on this machine: Postgres, Redis, the services as child processes, the demo accounts.
 * Resolves when every service reports that it is ready. If it rejects, nothing is left running.
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
    has(ports, 'storefront') ? 'Starting Postgres, Redis and the page …' : 'Starting Postgres and Redis …',
  );
  const stop = { ...(signal === undefined ? {} : { signal }) };
  const [postgres, redis, storefront] = await all([
    startPostgres({ directory: join(directory, 'postgres'), durable, ...stop }).then((started) => {
      cleanups.push(started.stop);
      return started;
    }),
    startRedis({
      url: options.redisUrl,
      directory: join(directory, 'redis'),
      durable,
      onProgress,
      ...stop,
    }).then((started) => {
      cleanups.push(started.stop);
      return started;
    }),
    // Started first: it needs none of the others, and shows their spans from the start.
    has(ports, 'storefront')
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

  const exampleId = has(ports, 'exampleId') ? createExampleId({ ports, logs, onCrash }) : undefined;
  const ownEnv = {
    ...authEnvironment(redis.url, secrets, ports),
    ...(storefront && watchedKeys),
    ...exampleId?.authEnvironment,
  };
  type Created = readonly [ServiceKey, { service: Service; env: NodeJS.ProcessEnv }];
  const create = async (key: ServiceKey): Promise<Created> => {
    const definition = serviceDefinitions[key];
    const serviceEnv = {
      ...serviceEnvironment(key, { ports, secrets, databaseUrl: await postgres.createDatabase(key) }),
      ...(key === 'auth' && ownEnv),
      ...env[key],
    };
    const logFile = join(logs, `${definition.name}.log`);
    const service = createService(definition, { port: ports[key], env: serviceEnv, logFile, onCrash });
    return [key, { service, env: serviceEnv }];
  };
  const created = Object.fromEntries(await all<Created[]>(serviceKeys.map(create))) as Record<
    ServiceKey,
    Created[1]
  >;
  const services = byService((key) => created[key].service);
  const commandEnv = created.auth.env;
  const replicas: Service[] = Object.values(services);
  cleanups.push(() => Promise.all(replicas.map((service) => service.stop())));
  const replica = (key: ServiceKey, host: string, further: NodeJS.ProcessEnv = {}): Service => {
    const service = createService(serviceDefinitions[key], {
      host,
      port: ports[key],
      env: { ...created[key].env, HOST: host, ...further },
      logFile: join(logs, `${serviceDefinitions[key].name}-${host}.log`),
      onCrash,
    });
    replicas.push(service);
    return service;
  };
  if (storefront) {
    const control = await startControl(controlSocket, stoppableParts(services.auth, redis));
    cleanups.push(control.close);
  }

  onProgress?.('Starting auth-service …');
  const partner = has(ports, 'giftIdeas') ? { ports, secret: secrets['GIFT_IDEAS_SECRET'] ?? '' } : undefined;
  const registered =
    partner &&
    registerGiftIdeas(
      { port: partner.ports.giftIdeas, secret: partner.secret },
      { directory, env: commandEnv, signal },
    );
  await all([
    Promise.resolve(registered).then(() => services.auth.start(signal)),
    createDemoAccounts(directory, commandEnv, signal),
  ]);
  const giftIdeas = partner && createGiftIdeas({ ...partner, logs, onCrash });
  const further = [giftIdeas, exampleId?.service].filter((part) => part !== undefined);
  cleanups.push(() => Promise.all(further.map((part) => part.stop())));
  const started = verifierKeys.filter((key) => options.started?.includes(key) ?? true);
  const names = started.map((key) => serviceDefinitions[key].name);
  names.push(...further.map(({ audience }) => audience));
  onProgress?.(`Starting ${new Intl.ListFormat('en-GB').format(names)} …`);
  await all([
    ...started.map((key) => services[key].start(signal)),
    ...further.map((part) => part.start(signal)),
  ]);
  signal?.throwIfAborted();
  return {
    services,
    ...(storefront && { storefront }),
    ...(giftIdeas && { giftIdeas }),
    ...(exampleId && { exampleId: exampleId.service }),
    issuer: originAt(ports.auth),
    accounts: demoAccounts,
    redis,
    postgres,
    replica,
    createAccounts: (accounts) => createAccounts(accounts, commandEnv, signal),
  };
}

async function portsOf(options: StackOptions): Promise<Ports> {
  const { ports, storefront = false, giftIdeas = false, exampleId = false } = options;
  const definitions: typeof serviceDefinitions = {
    ...serviceDefinitions,
    ...(storefront && { storefront: storefrontDefinition }),
    ...(giftIdeas && { giftIdeas: giftIdeasDefinition }),
    ...(exampleId && { exampleId: exampleIdDefinition }),
  };
  return await choosePorts(definitions, ports);
}

function has<Part extends OptionalPart>(ports: Ports, part: Part): ports is Ports & Record<Part, number> {
  return ports[part] !== undefined;
}

async function givenEnvironments({ env = {} }: StackOptions, ports: Ports): Promise<Environments> {
  return typeof env === 'function' ? env(byService((key) => addressOf(ports[key]))) : env;
}

/** Like Promise.all, but waits for every promise, so that nothing runs on while the caller cleans up. */
async function all<T extends readonly unknown[]>(
  promises: { [K in keyof T]: Promise<T[K]> | T[K] },
): Promise<T> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

/** Runs the cleanups in reverse: services before their stores, the lock last. A failed one does not stop the others. */
async function undo(cleanups: (() => unknown)[]): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) {
    try {
      await cleanup();
    } catch {
      // A part that cannot be stopped has already ended.
    }
  }
}
