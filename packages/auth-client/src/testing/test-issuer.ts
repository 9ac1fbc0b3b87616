import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { invalidToken } from '../errors.ts';
import type { Revocation } from '../feed/revocation.ts';
import { type EncryptionJwk, encryptToken } from '../key-set/encryption-key.ts';
import { checkRuntime } from '../runtime/node-version.ts';
import { presentedToken } from '../token/presented-token.ts';
import { scopesOf } from '../token/scope.ts';
import { createTestProofs } from './issuer-proofs.ts';
import { createMint, issuerAudience, type Mint, type MintOverrides, ofService } from './mint.ts';
import { openToken } from './open-token.ts';
import { createTestFeed } from './revocation-feed.ts';
import { createSigningKey, type SigningKey } from './signing-key.ts';
import { createTestTokenEndpoint, type TestClient } from './token-endpoint.ts';

export type TestIssuerOptions = {
  /** `iss` of its tokens. Default its own address. */
  issuer?: string;
  /** `aud` of its tokens unless mint's overrides name another. Default 'test-service'. */
  audience?: string | readonly string[];
  /** Cache-Control max-age of its key set. Default 60. */
  maxAgeSeconds?: number;
  /** How far its clock is ahead of the machine's. Default 0. */
  clockOffsetSeconds?: number;
  /** Signs with this key instead of a new one, which saves about 100 ms. */
  signingKey?: SigningKey;
  /** The services that may ask for tokens at its token endpoint. More can be added later. */
  clients?: Readonly<Record<string, TestClient>>;
  /** Interval between heartbeats of its revocation feed. Default 100; auth-service's is 5000. */
  heartbeatMs?: number;
};

/** An issuer for tests, with real keys of this process and a real key set over HTTP on a loopback port. */
export type TestIssuer = {
  readonly issuer: string;
  readonly jwksUri: string;
  /** Issues its clients' own tokens and exchanges people's tokens (RFC 8693), by auth-service's rules. */
  readonly tokenEndpoint: string;
  /** How many requests the token endpoint got. */
  readonly tokenRequests: number;
  /** Registers a service that may request tokens, or replaces its registration. */
  addClient(id: string, client: TestClient): void;
  /** Stops exchanging tokens of this session. */
  endSession(sessionId: string): void;
  /** Its revocation feed and tokens that may read it, for `authClient`. */
  readonly revocations: { readonly uri: string; accessToken(): Promise<string> };
  /**
   * Sends the revocations to the feed's subscribers, also to later ones. Tokens of a revoked session are no longer
   * exchanged. A revoked key is no longer published, unless it is the key that signs: rotate first.
   */
  revoke(...revocations: Revocation[]): void;
  /** How many subscribers the feed has. */
  readonly feedConnections: number;
  /** Closes the feed's connections, and every new one until restoreFeed. */
  cutFeed(): void;
  restoreFeed(): void;
  /** The key that signs now. */
  readonly signingKey: SigningKey;
  /** How many requests the key set got. */
  readonly keySetRequests: number;
  /** An access token (RFC 9068), signed and good unless the overrides make it bad. */
  mint: Mint;
  /** The same, encrypted to this key: a service's `identity.decryption.publicKey`. */
  mintEncrypted(to: EncryptionJwk, overrides?: MintOverrides): Promise<string>;
  /** An access token that expired a minute ago. */
  expired: Mint;
  /** Signs with a new key from now on. The old one stays published, unless `keepOld: false`. */
  rotate(options?: { keepOld?: boolean }): Promise<SigningKey>;
  /** Sets its clock this far ahead of the machine's; negative is behind. */
  skew(seconds: number): void;
  close(): Promise<void>;
};

/**
 * Starts an issuer for tests of a service that uses auth-client. Close it when done.
 *
 * @example
 * const issuer = await createTestIssuer({ audience: 'cart-service' })
 * const { issuer: iss, jwksUri, revocations } = issuer
 * await app.register(authClient, { issuer: iss, audience: 'cart-service', jwksUri, revocations })
 * const token = issuer.mint({ scope: 'cart:read' })
 * issuer.revoke({ kind: 'session', id: 'session-1', reason: 'sign_out' })
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  checkRuntime();
  const { audience = 'test-service', maxAgeSeconds = 60, heartbeatMs = 100 } = options;
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
    if (request.url === '/revocations') {
      feed.serve(request, response).catch((error: unknown) => response.destroy(error as Error));
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

  const context = {
    issuer,
    signingKey: () => signingKey,
    publishedKeys: () => published,
    now: () => Date.now() + offsetSeconds * 1000,
  };
  const mint = createMint({ ...context, audience });
  const provenBy = createTestProofs(() => [address, issuer], context.now);
  const tokenEndpoint = createTestTokenEndpoint({ ...context, clients, endedSessions, mint, provenBy });
  const feed = createTestFeed({ ...context, heartbeatMs, checkReader });

  async function checkReader(request: IncomingMessage): Promise<void> {
    const { scheme, token } = presentedToken(request.rawHeaders);
    const claims = openToken(token, { ...context, audience: issuerAudience });
    if (!scopesOf(claims?.scope ?? '').has('revocations:read')) throw invalidToken('scope');
    const proof = scheme === 'DPoP' ? await provenBy(request, token) : undefined;
    if (claims?.cnf?.jkt !== proof?.thumbprint) throw invalidToken('cnf');
  }

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
    revocations: {
      uri: `${address}/revocations`,
      accessToken: async () => mint(ofService('test-service', ['revocations:read'])),
    },
    revoke(...revocations) {
      for (const revocation of revocations) {
        if (revocation.kind === 'session') endedSessions.add(revocation.id);
        if (revocation.kind === 'key')
          published = published.filter((key) => key === signingKey || key.kid !== revocation.id);
      }
      feed.revoke(revocations);
    },
    get feedConnections() {
      return feed.connections;
    },
    cutFeed: feed.cut,
    restoreFeed: feed.restore,
    get signingKey() {
      return signingKey;
    },
    get keySetRequests() {
      return keySetRequests;
    },
    mint,
    mintEncrypted: (to, overrides) => encryptToken(mint(overrides), to),
    expired(overrides = {}) {
      const iat = Math.floor(context.now() / 1000) - 360;
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
    async close() {
      feed.close();
      await close(server);
    },
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
