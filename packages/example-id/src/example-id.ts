import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { JWK, Provider } from 'oidc-provider';
import { buildApp } from './app.ts';
import { listen } from './listen.ts';
import { type Person, seededPeople } from './people.ts';
import { type Client, createProvider, makeSigningKey } from './provider.ts';
import { originAt } from './settings.ts';
import { createStore } from './store.ts';

export type ExampleIdOptions = {
  readonly clients: readonly Client[];
  /** `seededPeople` without it. */
  readonly people?: readonly Person[];
  /** An origin: where browsers and clients reach it. `http://localhost:<port>` without it. */
  readonly issuer?: string;
  /** 127.0.0.1 without it; `localhost` stands for 127.0.0.1 and ::1. */
  readonly host?: string;
  /** A random one without it. */
  readonly port?: number;
  /** Of pino. 'silent' without it. */
  readonly logLevel?: string;
};

export type ExampleId = {
  readonly issuer: string;
  /** Where it listens, which differs from `issuer` when something stands before it. */
  readonly url: string;
  /** Signs with a new key from now on. The old one is gone from the JWKS at once. */
  rotateKeys(): Promise<void>;
  /** Makes all sign-ins at Example ID older, for `max_age` and `auth_time`. */
  ageSignIns(seconds: number): void;
  /** Answers requests in flight, then ends. */
  stop(): Promise<void>;
};

/**
 * Starts Example ID: an OpenID provider for development, with people whose passwords are public. It keeps everything in
 * memory. Does not look at NODE_ENV: main.ts refuses production.
 *
 * @throws Error when a client is not valid, or the port is taken
 * @example
 * const { issuer, stop } = await startExampleId({
 *   clients: [{ client_id: 'shop', client_secret: 'secret', redirect_uris: ['http://localhost:4000/callback'] }],
 * });
 */
export async function startExampleId(options: ExampleIdOptions): Promise<ExampleId> {
  const { clients, people = seededPeople, host = '127.0.0.1', port = 0, logLevel = 'silent' } = options;
  const store = createStore();
  const cookieKey = randomBytes(32).toString('base64url');
  let running: { issuer: string; provider: Provider } | undefined;
  const app = await buildApp({
    people,
    logLevel,
    running: () => {
      if (running === undefined) throw new Error('Example ID has not started');
      return running;
    },
  });

  function provide(issuer: string, signingKey: JWK): Provider {
    const warn = (error: unknown, what: string) => app.log.warn({ error: String(error) }, what);
    const provider = createProvider({ issuer, clients, people, store, cookieKey, signingKey, warn });
    running = { issuer, provider };
    return provider;
  }

  async function stop(): Promise<void> {
    await app.close();
    app.log.info('stopped');
  }

  try {
    const signingKey = await makeSigningKey();
    await listen(app, { host, port });
    const { port: chosen } = app.server.address() as AddressInfo;
    const issuer = options.issuer ?? originAt(chosen);
    const provider = provide(issuer, signingKey);
    // A client that is not valid is otherwise found when it first asks.
    for (const { client_id: id } of clients) await provider.Client.find(id);
    return {
      issuer,
      url: `http://${host}:${chosen}`,
      rotateKeys: async () => void provide(issuer, await makeSigningKey()),
      ageSignIns: (seconds) => {
        for (const session of store.payloadsOf('Session')) if (session.loginTs) session.loginTs -= seconds;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
