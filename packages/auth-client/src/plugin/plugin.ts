import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { AuthClientError, asAuthError } from '../errors.ts';
import { KeySet } from '../key-set/key-set.ts';
import type { Revocation } from '../revocation/revocation.ts';
import { securityEventSignature } from '../revocation/security-event.ts';
import type { Authentication, UserAuthentication } from '../token/authentication.ts';
import {
  type AuthHook,
  callerOfRequest,
  createHook,
  slot,
  surroundings,
  userOfRequest,
} from './auth-hook.ts';
import { type KnownRevocations, learnRevocations, type RevocationState } from './known-revocations.ts';
import { type AuthClientOptions, checkOptions, feedOf } from './options.ts';
import { withChallenge } from './refuse.ts';
import { type AccessOptions, checkRevocationLag, requirementsFrom } from './requirements.ts';
import { accessTokenSignature, TokenVerifier } from './token-verifier.ts';

/** `app.authClient`: for readiness checks, metrics, and tokens that do not come in a request's header. */
export interface AuthClient {
  /**
   * Resolves if tokens can be verified now, waiting for a fetch under way, and for as long as it takes until everything
   * that has been revoked is known. @throws AuthError key_set_unavailable; AuthClientError feed_silent, while the feed
   * connects and sends nothing
   */
  ready(): Promise<void>;
  /** Verifies a token, as the hooks do; scopes are up to the caller. @throws AuthError */
  verify(token: string): Promise<Authentication>;
  /** Seconds since the issuer's keys were last fetched; Infinity before the first time. */
  readonly keySetAgeSeconds: number;
  /** How many usable keys the set has. */
  readonly keySetSize: number;
  /** How many verified tokens are remembered. */
  readonly verifiedTokens: number;
  /** What is known of what has been revoked; null if nobody tells this service. */
  readonly revocations: RevocationState | null;
  /** Calls back for each revocation that was not known, once tokens are refused for it. Returns what ends it. */
  onRevoked(listener: (revocation: Revocation) => void): () => void;
}

declare module 'fastify' {
  interface FastifyInstance {
    authClient: AuthClient;
    /** Lets requests with a person's valid access token pass, whatever its scopes. */
    authenticate: AuthHook;
    /**
     * Lets requests pass whose valid access token has all these scopes and is a person's; others get 401 or 403. What
     * else a route asks for comes last.
     *
     * @example app.get('/cart', { onRequest: app.requireScope('cart:read') }, handler)
     * @example app.post('/refunds', { onRequest: app.requireScope('payment:refund', { maxAuthAgeSeconds: 300 }) }, handler)
     */
    requireScope(...scopes: [string, ...string[]]): AuthHook;
    requireScope(...scopesAndOptions: [string, ...string[], AccessOptions]): AuthHook;
  }

  interface FastifyRequest {
    /**
     * What the person's access token says. Throws on a route that has neither authenticate nor requireScope, and, where
     * services are let in, for a service's own token (403 user_required): ask `request.caller` there.
     */
    readonly auth: UserAuthentication;
    /** What the access token says, a person's or a service's own: `isService` tells. Throws as `auth` does without auth. */
    readonly caller: Authentication;
  }
}

/**
 * Verifies access tokens (RFC 9068) in this service, by the issuer's published keys and nobody's help.
 *
 * Refuses what has been revoked as soon as this service hears of it. Does not ask whether there is something that it has
 * not heard of, unless the service or the route sets a bound on how old its knowledge may be; nor whether the user still
 * exists. Registering waits neither for the keys nor for what has been revoked; `app.authClient.ready()` does.
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
      policy: accessTokenSignature(options),
      ...(feedOf(options) && { eventPolicy: securityEventSignature(options.issuer) }),
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

    app.decorateRequest(slot, null);
    app.decorateRequest('caller', { getter: callerOfRequest });
    app.decorateRequest('auth', { getter: userOfRequest });
    app.decorate(surroundings, { realm, clock, revocations });
    const standard = { realm, maxRevocationLagSeconds: known?.maxLagSeconds ?? null };
    const context = { verifier, clock, revocations };
    app.decorate('authenticate', createHook(context, { ...standard, scopes: [] }));
    app.decorate('requireScope', (...given: unknown[]) => {
      const requirements = requirementsFrom(given);
      if (!revocations && typeof requirements.maxRevocationLagSeconds === 'number') {
        throw new AuthClientError(
          'invalid_requirement',
          'requireScope: maxRevocationLagSeconds means nothing where revocations is null',
        );
      }
      return createHook(context, { ...standard, ...requirements });
    });
    app.decorate('authClient', {
      async ready() {
        await keySet.untilUsable();
        await known?.ready();
      },
      async verify(token) {
        try {
          const authentication = await verifier.verify(token);
          checkRevocationLag(revocations, standard.maxRevocationLagSeconds);
          return authentication;
        } catch (error) {
          throw withChallenge(asAuthError(error), { realm, scopes: [] });
        }
      },
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

/** A listener's mistake is its own: others hear of the revocation as well, and what tells of it goes on. */
function listen(
  app: FastifyInstance,
  { known, listener }: { known: KnownRevocations | null; listener: (revocation: Revocation) => void },
): () => void {
  if (!known) return () => {};
  return known.list.onRevoked((revocation) => {
    try {
      listener(revocation);
    } catch (error) {
      app.log.error({ err: error }, 'a listener could not deal with a revocation');
    }
  });
}
