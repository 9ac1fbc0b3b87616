import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { AuthClientError, asAuthError, invalidToken } from '../errors.ts';
import type { Revocation } from '../feed/revocation.ts';
import { KeySet } from '../key-set/key-set.ts';
import { replaysInMemory, replaysInStore } from '../proof/proof-replays.ts';
import type { Authentication, UserAuthentication } from '../token/authentication.ts';
import {
  type AuthHook,
  appContext,
  authenticationKey,
  callerOfRequest,
  createHook,
  userOfRequest,
} from './auth-hook.ts';
import { type KnownRevocations, learnRevocations, type RevocationState } from './known-revocations.ts';
import { type AuthClientOptions, type CheckedOptions, checkOptions } from './options.ts';
import { type PossessionPolicy, requestUrls } from './possession.ts';
import { withChallenge } from './refuse.ts';
import { type AccessOptions, checkRevocationLag, requirementsFrom } from './requirements.ts';
import { publishMetadata } from './resource-metadata.ts';
import { TokenVerifier } from './token-verifier.ts';

/** `app.authClient`: for readiness checks, metrics, and tokens that did not come in a request's header. */
export type AuthClient = {
  /**
   * Resolves once tokens can be verified: waits for a key fetch in progress, and until the revocation list is complete,
   * however long that takes. @throws AuthError key_set_unavailable; AuthClientError feed_silent while the feed was
   * requested but sends nothing
   */
  ready(): Promise<void>;
  /**
   * Verifies a token as the hooks do. Does not check scopes. A token that is bound to a key is refused, since no proof
   * comes with it. @throws AuthError
   */
  verify(token: string): Promise<Authentication>;
  /**
   * As verify, for a token that somebody else received and asks about. Accepts one that is bound to a key: whoever uses
   * it checks the proof, against `boundTo`. @throws AuthError
   */
  inspect(token: string): Promise<Authentication>;
  /** Seconds since the issuer's keys were last fetched; Infinity before the first time. */
  readonly keySetAgeSeconds: number;
  /** How many usable keys the set has. */
  readonly keySetSize: number;
  /** How many verified tokens are cached. */
  readonly verifiedTokens: number;
  /** The state of the revocation list; null if this service gets no revocations. */
  readonly revocations: RevocationState | null;
  /** Calls back for each new revocation, once its tokens are refused. Returns a function that unsubscribes. */
  onRevoked(listener: (revocation: Revocation) => void): () => void;
};

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyInstance {
    authClient: AuthClient;
    /** Admits requests with a person's valid access token, whatever its scopes. */
    authenticate: AuthHook;
    /**
     * Admits requests with a person's valid access token that has all these scopes; others get 401 or 403. Further
     * requirements of the route come as the last argument.
     *
     * @example app.get('/cart', { onRequest: app.requireScope('cart:read') }, handler)
     * @example app.post('/refunds', { onRequest: app.requireScope('payment:refund', { maxAuthAgeSeconds: 300 }) }, handler)
     */
    requireScope(...scopes: [string, ...string[]]): AuthHook;
    requireScope(...scopesAndOptions: [string, ...string[], AccessOptions]): AuthHook;
  }

  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyRequest {
    /**
     * What the person's access token says. Throws on a route that has neither authenticate nor requireScope. On a route
     * that admits services it throws 403 user_required for a service's own token: read `request.caller` there.
     */
    readonly auth: UserAuthentication;
    /** What the access token says, a person's or a service's own (`isService` tells). Throws on routes without auth. */
    readonly caller: Authentication;
  }
}

/**
 * Verifies access tokens (RFC 9068) in this service with the issuer's published keys, without a call per request.
 *
 * Refuses a revoked token as soon as this service receives the revocation. Does not check how old the revocation list
 * is, unless the service or the route sets a limit, nor whether the person still exists. Registering waits neither for
 * the keys nor for the revocations; `app.authClient.ready()` does.
 *
 * @throws AuthClientOptionsError
 * @example
 * await app.register(authClient, { issuer, audience: 'cart-service', jwksUri, revocations: { uri, accessToken } })
 * app.get('/cart', { onRequest: app.requireScope('cart:read') }, (request) => cartOf(request.auth.subject))
 */
export const authClient = fastifyPlugin(
  async (app: FastifyInstance, given: AuthClientOptions) => {
    const options = checkOptions(given);
    const { audience: realm, clock } = options;
    const keySet = new KeySet({
      jwksUri: options.jwksUri,
      fetch: options.fetch,
      timeoutMs: options.jwksTimeoutMs,
      cooldownSeconds: options.jwksCooldownSeconds,
      maxStaleSeconds: options.jwksMaxStaleSeconds,
      clock,
      onFetched: ({ keys, refused }) => {
        if (refused.length > 0)
          app.log.warn({ usable: keys.length, refused }, 'the key set has keys that cannot be used');
      },
      onFailed: (error) => app.log.warn({ err: error }, 'the key set could not be fetched'),
    });
    const known = learnRevocations(options, { keySet, log: app.log });
    const revocations = known?.list ?? null;
    const verifier = new TokenVerifier(options, { keySet, revocations });
    void keySet.refresh();
    app.addHook('onClose', async () => {
      known?.close();
      keySet.close();
    });

    app.decorateRequest(authenticationKey, null);
    app.decorateRequest('caller', { getter: callerOfRequest });
    app.decorateRequest('auth', { getter: userOfRequest });
    const resourceMetadata = publishMetadata(app, options);
    app.decorate(appContext, { realm, resourceMetadata, clock, revocations });
    const standard = { realm, resourceMetadata, maxRevocationLagSeconds: known?.maxLagSeconds ?? null };
    const possession = possessionPolicy(options);
    const context = { verifier, possession, clock, revocations };
    app.decorate('authenticate', createHook(context, { ...standard, scopes: [] }));
    app.decorate('requireScope', (...given: unknown[]) => {
      const requirements = requirementsFrom(given);
      if (!revocations && typeof requirements.maxRevocationLagSeconds === 'number') {
        throw new AuthClientError(
          'invalid_requirement',
          'requireScope: maxRevocationLagSeconds has no effect if revocations is null',
        );
      }
      return createHook(context, { ...standard, ...requirements });
    });
    const told = (error: unknown) =>
      withChallenge(asAuthError(error), { realm, resourceMetadata, scopes: [] });
    const accept = async (token: string, check?: (verified: Authentication) => void) => {
      try {
        const authentication = await verifier.verify(token);
        checkRevocationLag(revocations, standard.maxRevocationLagSeconds);
        check?.(authentication);
        return authentication;
      } catch (error) {
        throw told(error);
      }
    };
    const checkBearer = ({ boundTo }: Authentication): void => {
      if (boundTo !== undefined) throw invalidToken('cnf: bound to a key, without a proof');
      if (possession.isRequired) throw invalidToken('cnf: not bound to a key');
    };
    app.decorate('authClient', {
      async ready() {
        await keySet.untilUsable();
        await known?.ready();
      },
      verify: (token) => accept(token, checkBearer),
      inspect: (token) => accept(token),
      get keySetAgeSeconds() {
        return keySet.ageSeconds;
      },
      get keySetSize() {
        return keySet.size;
      },
      get verifiedTokens() {
        return verifier.remembered;
      },
      revocations: known?.state ?? null,
      onRevoked: (listener) => listen(app, { known, listener }),
    });
  },
  { name: '@latchkey/auth-client', fastify: '5.x' },
);

function possessionPolicy({ proofOfPossession, proofStore, url, clock }: CheckedOptions): PossessionPolicy {
  const seconds = () => clock.wallMs() / 1000;
  return {
    isRequired: proofOfPossession === 'required',
    urlsOf: requestUrls(url),
    replays: proofStore === null ? replaysInMemory(seconds) : replaysInStore(proofStore, seconds),
  };
}

/** Isolates listeners: an error in one must not keep the revocation from others, nor stop the feed. */
function listen(
  app: FastifyInstance,
  { known, listener }: { known: KnownRevocations | null; listener: (revocation: Revocation) => void },
): () => void {
  if (!known) return () => {};
  return known.list.onRevoked((revocation) => {
    try {
      listener(revocation);
    } catch (error) {
      app.log.error({ err: error }, 'a listener failed to process a revocation');
    }
  });
}
