import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EncryptionJwk } from '@latchkey/auth-client';
import { createSigningKey, type SigningKey } from '@latchkey/auth-client/testing';
import type { Service } from '@latchkey/service-kit';
import { testIssuer } from './auth-app.ts';

export const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';

export type AssertionChanges = {
  /** Replaces claims and header parameters; undefined omits one. */
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  key?: SigningKey;
};

export type TestServices = {
  /** The value for SERVICE_JWKS_URIS. */
  readonly jwksUris: string;
  key(name: string): SigningKey;
  /** A client assertion of this service. It is valid unless the changes make it invalid. */
  assertion(name: string, changes?: AssertionChanges): string;
  /** Returns new parameters by which this service authenticates, with such an assertion. */
  credentials(name: string, changes?: AssertionChanges): Record<string, string>;
  /** Publishes these keys, and signs with the first. */
  publish(name: string, keys: readonly [SigningKey, ...SigningKey[]]): void;
  /** Publishes this key to encrypt to, beside those with which it signs; null: none. */
  publishEncryptionKey(name: string, key: EncryptionJwk | null): void;
  /** How often its keys were requested. */
  requests(name: string): number;
  /** Answers 500 while true. */
  setDown(down: boolean): void;
  /** Does not answer while true. */
  setFrozen(frozen: boolean): void;
  close(): Promise<void>;
};

/** Each service's first key, shared by all tests of this process: making one takes 0.07 s. */
const firstKeys = new Map<string, SigningKey>();

/** Services as auth-service knows them: real keys, published over HTTP on a loopback port. */
export async function startServices(names: readonly string[], issuer = testIssuer): Promise<TestServices> {
  const keys = new Map<string, readonly [SigningKey, ...SigningKey[]]>();
  for (const name of names) {
    const key = firstKeys.get(name) ?? (await createSigningKey());
    firstKeys.set(name, key);
    keys.set(name, [key]);
  }
  const encryptionKeys = new Map<string, EncryptionJwk | null>();
  const requests = new Map<string, number>();
  let isDown = false;
  let isFrozen = false;

  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    requests.set(name, (requests.get(name) ?? 0) + 1);
    if (isFrozen) return;
    if (isDown) return void response.writeHead(500).end();
    response.setHeader('content-type', 'application/jwk-set+json').setHeader('cache-control', 'max-age=5');
    const signing = keys.get(name)?.map(({ jwk }) => jwk) ?? [];
    const encryption = encryptionKeys.get(name) ?? null;
    response.end(JSON.stringify({ keys: encryption === null ? signing : [...signing, encryption] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const keysOf = (name: string) => {
    const found = keys.get(name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };

  const services: TestServices = {
    jwksUris: names.map((name) => `${name}=${address}/${name}`).join(','),
    key: (name) => keysOf(name)[0],
    assertion(name, { claims = {}, header = {}, key = keysOf(name)[0] } = {}) {
      const now = Math.floor(Date.now() / 1000);
      return key.sign(
        { alg: 'RS256', kid: key.kid, ...header },
        { iss: name, sub: name, aud: issuer, jti: randomUUID(), iat: now, exp: now + 60, ...claims },
      );
    },
    credentials: (name, changes) => ({
      client_id: name,
      client_assertion_type: jwtBearer,
      client_assertion: services.assertion(name, changes),
    }),
    publish: (name, published) => void keys.set(name, published),
    publishEncryptionKey: (name, key) => void encryptionKeys.set(name, key),
    requests: (name) => requests.get(name) ?? 0,
    setDown(down) {
      isDown = down;
    },
    setFrozen(frozen) {
      isFrozen = frozen;
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return services;
}

/** The answer of POST /introspect to cart-service about this token. */
export async function isActiveAtCart(
  { app, services }: { app: Service; services: TestServices },
  token: string,
): Promise<boolean> {
  const answer = await app.inject({
    method: 'POST',
    url: '/introspect',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ token, ...services.credentials('cart-service') }).toString(),
  });
  return answer.json().active;
}
