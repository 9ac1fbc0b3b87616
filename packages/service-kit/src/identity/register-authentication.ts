import {
  authClient,
  createClientCredentials,
  createServiceIdentity,
  type ProtectedResource,
  type RevocationFeed,
  type ServiceIdentity,
} from '@latchkey/auth-client';
import { createPostgresProofStore } from '@latchkey/auth-client/proof';
import { knownServices } from '@latchkey/services';
import type { Database } from '../database/open-database.ts';
import type { Service } from '../service.ts';
import { addAuthClientMetrics } from './auth-client-metrics.ts';
import { createIdentityStore } from './identity-store.ts';
import { jwksRoute } from './jwks-route.ts';

export type AuthenticationOptions = {
  /** The service's name: the audience of the tokens that it accepts, and its client id when it requests tokens. */
  name: string;
  /** Of serviceConfig and issuerEndpoints. */
  config: Readonly<Record<'ISSUER' | 'JWKS_URI' | 'TOKEN_ENDPOINT' | 'REVOCATIONS_URI', string>> & {
    readonly RESOURCE_URL?: string;
    readonly TOKEN_DECRYPTION_KEYS?: readonly string[];
    readonly ENCRYPTED_TOKENS?: 'accepted' | 'required';
    readonly INTERNAL_URLS: readonly string[];
    readonly PROOF_STORE: 'memory' | 'database';
    readonly DATABASE_TIMEOUT_MS: number;
  };
  /** The database with the tables `service_keys` and `used_proofs`. */
  database: { readonly db: Parameters<typeof createIdentityStore>[0] } & Pick<Database<never>, 'pool'>;
  /** Default the one at REVOCATIONS_URI, read in the service's own name. */
  revocations?: RevocationFeed | undefined;
};

/**
 * Makes a service verify access tokens and follow revocations. For that it creates the service's identity and publishes
 * its public keys. The identity can also call other services for people: pass it to `serviceClient`.
 *
 * The service is not ready before it has the issuer's keys and a complete revocation list. Afterwards it keeps working
 * while the issuer is away. A route that needs a more recent list sets `maxRevocationLagSeconds`.
 *
 * @example
 * const identity = await registerAuthentication(app, { name: 'cart-service', config, database });
 * app.get('/cart', { onRequest: app.requireScope('cart:read') }, …);
 */
export async function registerAuthentication(
  app: Service,
  { name, config, database, revocations }: AuthenticationOptions,
): Promise<ServiceIdentity> {
  const { ISSUER: issuer, JWKS_URI: jwksUri, TOKEN_ENDPOINT: tokenEndpoint } = config;
  const store = createIdentityStore(database.db);
  const identity = createServiceIdentity({
    clientId: name,
    store,
    decryptionKeys: config.TOKEN_DECRYPTION_KEYS ?? [],
    onFailed: (error) => app.log.warn({ err: error }, 'this service’s public key could not be published'),
  });
  app.addHook('onClose', async () => identity.close());
  await app.register(jwksRoute, { identity });
  const accessToken = createClientCredentials({
    identity,
    issuer,
    tokenEndpoint,
    scopes: ['revocations:read'],
  });
  await app.register(authClient, {
    issuer,
    audience: name,
    jwksUri,
    resource: config.RESOURCE_URL === undefined ? null : resourceAt(config.RESOURCE_URL, name),
    decryption: identity.decryption,
    encryptedTokens: config.ENCRYPTED_TOKENS ?? 'accepted',
    url: config.RESOURCE_URL === undefined ? null : [config.RESOURCE_URL, ...config.INTERNAL_URLS],
    proofStore:
      config.PROOF_STORE === 'memory'
        ? null
        : createPostgresProofStore(database.pool, { timeoutMs: config.DATABASE_TIMEOUT_MS }),
    revocations: revocations ?? { uri: config.REVOCATIONS_URI, accessToken },
  });
  addAuthClientMetrics(app.metrics, app.authClient);
  app.addReadinessCheck('identity', () => identity.ready());
  app.addReadinessCheck('keys and revocations', () => app.authClient.ready());
  // A service whose list was complete once stays ready, but still warns that something buffers the feed.
  app.addReadinessWarning('feed_silent', () => app.authClient.revocations?.isSilent ?? false);
  return identity;
}

/** With the scopes that people can have there. */
function resourceAt(url: string, name: string): ProtectedResource {
  const scopes = Object.keys(knownServices.find((service) => service.name === name)?.scopes ?? {});
  return { url, scopes, jwksUri: `${url}/.well-known/jwks.json` };
}
