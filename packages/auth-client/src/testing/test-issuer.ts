import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSigningKey, type SigningKey } from './signing-key.ts';
import { createTestTokenEndpoint, type TestClient } from './token-endpoint.ts';

export interface TestIssuerOptions {
  /** `iss` of its tokens. Default its own address. */
  issuer?: string;
  /** `aud` of its tokens unless mint is told otherwise. Default 'test-service'. */
  audience?: string | readonly string[];
  /** Cache-Control max-age of its key set. Default 60. */
  maxAgeSeconds?: number;
  /** How far its clock is ahead of the machine's. Default 0. */
  clockOffsetSeconds?: number;
  /** Signs with this key instead of a new one, which saves about 100 ms. */
  signingKey?: SigningKey;
  /** The services that may exchange tokens at its token endpoint. More can be added later. */
  clients?: Readonly<Record<string, TestClient>>;
}

export interface MintOverrides {
  audience?: string | readonly string[];
  /** Default 'user-1'. */
  subject?: string;
  /** Default none. */
  scope?: string | readonly string[];
  sessionId?: string;
  clientId?: string;
  /** `exp − iat`. Default 300. */
  lifetimeSeconds?: number;
  /** Replaces any claims; undefined leaves one out. */
  claims?: Record<string, unknown>;
  /** Replaces any header parameters; undefined leaves one out. */
  header?: Record<string, unknown>;
}

/** An issuer for tests: real keys, made in this process, and a real key set over HTTP on a loopback port. */
export interface TestIssuer {
  readonly issuer: string;
  readonly jwksUri: string;
  /** Exchanges tokens (RFC 8693) for its clients, by auth-service's rules. */
  readonly tokenEndpoint: string;
  /** How often a token has been asked for. */
  readonly tokenRequests: number;
  /** Lets another service exchange tokens, or replaces what is known of it. */
  addClient(id: string, client: TestClient): void;
  /** Exchanges no token of this sign-in any more. */
  endSession(sessionId: string): void;
  /** The key that signs now. */
  readonly signingKey: SigningKey;
  /** How often the key set has been asked for. */
  readonly keySetRequests: number;
  /** An access token (RFC 9068), signed and good unless the overrides make it bad. */
  mint(overrides?: MintOverrides): string;
  /** An access token that expired a minute ago. */
  expired(overrides?: MintOverrides): string;
  /** Signs with a new key from now on. The old one stays published, unless `keepOld: false`. */
  rotate(options?: { keepOld?: boolean }): Promise<SigningKey>;
  /** Sets its clock this far ahead of the machine's; negative is behind. */
  skew(seconds: number): void;
  close(): Promise<void>;
}

/**
 * Starts an issuer to test a service with that uses auth-client. Close it when done.
 *
 * @example
 * const issuer = await createTestIssuer({ audience: 'cart-service' })
 * await app.register(authClient, { issuer: issuer.issuer, audience: 'cart-service', jwksUri: issuer.jwksUri })
 * const token = issuer.mint({ scope: 'cart:read' })
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { audience = 'test-service', maxAgeSeconds = 60 } = options;
  let offsetSeconds = options.clockOffsetSeconds ?? 0;
  let signingKey = options.signingKey ?? (await createSigningKey());
  let published = [signingKey];
  let keySetRequests = 0;
  let tokenRequests = 0;
  const clients = new Map(Object.entries(options.clients ?? {}));
  const endedSessions = new Set<string>();

  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/token') {
      tokenRequests += 1;
      tokenEndpoint(request, response).catch((error: unknown) => response.destroy(error as Error));
      return;
    }
    if (request.url !== '/.well-known/jwks.json') {
      response.writeHead(404).end();
      return;
    }
    keySetRequests += 1;
    response.setHeader('content-type', 'application/jwk-set+json');
    response.setHeader('cache-control', `public, max-age=${maxAgeSeconds}`);
    response.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
  });
  const address = await listen(server);
  const issuer = options.issuer ?? address;

  function mint(overrides: MintOverrides = {}): string {
    const { scope, lifetimeSeconds = 300 } = overrides;
    const now = Math.floor(Date.now() / 1000) + offsetSeconds;
    const claims = {
      iss: issuer,
      sub: overrides.subject ?? 'user-1',
      aud: overrides.audience ?? audience,
      client_id: overrides.clientId ?? 'test-client',
      ...(scope !== undefined && { scope: typeof scope === 'string' ? scope : scope.join(' ') }),
      sid: overrides.sessionId ?? 'session-1',
      jti: randomUUID(),
      iat: now,
      exp: now + lifetimeSeconds,
      auth_time: now,
      ...overrides.claims,
    };
    return signingKey.sign({ alg: 'RS256', typ: 'at+jwt', kid: signingKey.kid, ...overrides.header }, claims);
  }

  const tokenEndpoint = createTestTokenEndpoint({
    issuer,
    clients,
    endedSessions,
    publishedKeys: () => published,
    mint,
    now: () => Date.now() + offsetSeconds * 1000,
  });

  return {
    issuer,
    jwksUri: `${address}/.well-known/jwks.json`,
    tokenEndpoint: `${address}/token`,
    get tokenRequests() {
      return tokenRequests;
    },
    addClient(id, client) {
      clients.set(id, client);
    },
    endSession(sessionId) {
      endedSessions.add(sessionId);
    },
    get signingKey() {
      return signingKey;
    },
    get keySetRequests() {
      return keySetRequests;
    },
    mint,
    expired(overrides = {}) {
      const iat = Math.floor(Date.now() / 1000) + offsetSeconds - 360;
      return mint({ ...overrides, claims: { iat, auth_time: iat, exp: iat + 300, ...overrides.claims } });
    },
    async rotate({ keepOld = true } = {}) {
      signingKey = await createSigningKey();
      published = keepOld ? [signingKey, ...published] : [signingKey];
      return signingKey;
    },
    skew(seconds) {
      offsetSeconds = seconds;
    },
    close: () => close(server),
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
