import type { Service, Stack } from '@latchkey/dev-stack';
import { startComposeFront, type TestProxy } from '@latchkey/dev-stack/testing';
import { byService, type ServiceKey, serviceKeys, services } from '@latchkey/services';
import { startSystem } from '../system.ts';
import { startNames } from './names.ts';
import { startNginxOfTheDocs } from './nginx-of-the-docs.ts';

type Urls = Readonly<Record<ServiceKey, string>>;

export type Replicated = {
  stack: Stack;
  /** By which clients reach the services. */
  front: Urls;
  nginx: Urls;
  /** The replicas that run. */
  running: Readonly<Record<ServiceKey, readonly Service[]>>;
  /**
   * Replaces every replica of a service, as an orchestrator does: starts a new one, waits until it is ready, stops an old
   * one by `stop`, and so on.
   */
  roll(key: ServiceKey, stop: (replica: Service) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
};

/** Replicas share a port, as containers do, so each has an address of its own. */
const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;

/**
 * Two replicas of each service, behind compose's front and, at the same time, behind nginx. They call each other through
 * these too: those at the first address through the front, the others through nginx.
 */
export async function startReplicatedSystem(): Promise<Replicated> {
  const names = await startNames();
  const cleanups: (() => unknown)[] = [() => names.close()];
  const stop = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  let front: Urls = byService(() => '');
  let nginx = front;
  try {
    const system = await startSystem(async (urls) => {
      const portOf = (key: ServiceKey) => Number(new URL(urls[key]).port);
      for (const key of serviceKeys) names.add(services[key].name, hosts[0]);
      const ports = Object.fromEntries(serviceKeys.map((key) => [services[key].name, portOf(key)]));
      const composeFront = await startComposeFront({ dns: names.server, ports });
      cleanups.push(composeFront.stop);
      front = byService((key) => composeFront.url(services[key].name));
      const proxies: TestProxy[] = [];
      for (const key of serviceKeys) {
        const proxy = await startNginxOfTheDocs(hosts.map((host) => `${host}:${portOf(key)}`));
        proxies.push(proxy);
        cleanups.push(proxy.stop);
      }
      nginx = byService((key) => proxies[serviceKeys.indexOf(key)]?.url ?? '');
      return byService((key) => ({
        ...callsThrough(front, key),
        // Longer than any client of this test leaves a connection alone.
        DRAIN_MS: '2000',
        // A busy machine must not look like a fault.
        ...(services[key].called.length > 0 && { CART_TIMEOUT_MS: '10000' }),
        INTERNAL_URLS: [urls[key], front[key], nginx[key]].join(),
        ...(key !== 'auth' && { PROOF_STORE: 'database' }),
      }));
    });
    const { stack } = system;
    cleanups.push(system.stop);
    const [, second, third] = hosts;
    const later = byService((key) =>
      [second, third].map((host) => stack.replica(key, host, callsThrough(nginx, key))),
    );
    const start = async (key: ServiceKey, replica: Service) => {
      names.add(services[key].name, hostOf(replica));
      await replica.start();
    };
    await Promise.all(serviceKeys.map((key) => start(key, at(later[key], 0))));
    const running = byService((key) => [stack.services[key], at(later[key], 0)]);
    return {
      stack,
      front,
      nginx,
      running,
      async roll(key, stopping) {
        const spare = [at(later[key], 1), stack.services[key]];
        for (const next of spare) {
          await start(key, next);
          running[key].push(next);
          const [old] = running[key].splice(0, 1);
          await stopping(old as Service);
          names.remove(services[key].name, hostOf(old as Service));
        }
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function hostOf({ url }: Service): string {
  return new URL(url).hostname;
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T;
}

/** By which a service reaches the others. */
function callsThrough(urls: Urls, key: ServiceKey): NodeJS.ProcessEnv {
  const verifiers = serviceKeys.filter((other) => other !== 'auth');
  return {
    JWKS_URI: `${urls.auth}/.well-known/jwks.json`,
    TOKEN_ENDPOINT: `${urls.auth}/token`,
    REVOCATIONS_URI: `${urls.auth}/revocations`,
    ...(key === 'auth' && {
      SERVICE_JWKS_URIS: verifiers
        .map((other) => `${services[other].name}=${urls[other]}/.well-known/jwks.json`)
        .join(),
    }),
    ...Object.fromEntries(services[key].called.map((other) => [services[other].urlVariable, urls[other]])),
  };
}
