import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import {
  type AuthHook,
  callerOfRequest,
  createHook,
  slot,
  surroundings,
  userOfRequest,
} from './auth-hook.ts';
import type { Authentication, UserAuthentication } from './authentication.ts';
import { asAuthError } from './errors.ts';
import { KeySet } from './key-set/key-set.ts';
import { type AuthClientOptions, checkOptions } from './options.ts';
import { withChallenge } from './refuse.ts';
import { type AccessOptions, requirementsFrom } from './requirements.ts';
import { accessTokenSignature, TokenVerifier } from './token-verifier.ts';

/** `app.authClient`: for readiness checks, metrics, and tokens that do not come in a request's header. */
export interface AuthClient {
  /** Resolves if tokens can be verified now, waiting for a fetch under way. @throws AuthError key_set_unavailable */
  ready(): Promise<void>;
  /** Verifies a token, as the hooks do; scopes are up to the caller. @throws AuthError */
  verify(token: string): Promise<Authentication>;
  /** Seconds since the issuer's keys were last fetched; Infinity before the first time. */
  readonly keySetAgeSeconds: number;
  /** How many usable keys the set has. */
  readonly keySetSize: number;
  /** How many verified tokens are remembered. */
  readonly verifiedTokens: number;
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
 * Does not check revocation, nor that the user still exists: a token is good until it expires. Registering does not
 * wait for the keys; `app.authClient.ready()` does.
 *
 * @throws AuthClientOptionsError
 * @example
 * await app.register(authClient, { issuer, audience: 'cart-service', jwksUri })
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
      onFetched: ({ keys, refused }) => {
        if (refused.length > 0)
          app.log.warn({ usable: keys.length, refused }, 'the key set has keys that cannot be used');
      },
      onFailed: (error) => app.log.warn({ err: error }, 'the key set could not be fetched'),
    });
    const verifier = new TokenVerifier(options, keySet);
    void keySet.refresh();
    app.addHook('onClose', async () => keySet.close());

    app.decorateRequest(slot, null);
    app.decorateRequest('caller', { getter: callerOfRequest });
    app.decorateRequest('auth', { getter: userOfRequest });
    app.decorate(surroundings, { realm, clock });
    app.decorate('authenticate', createHook({ verifier, clock }, { realm, scopes: [] }));
    app.decorate('requireScope', (...given: unknown[]) =>
      createHook({ verifier, clock }, { realm, ...requirementsFrom(given) }),
    );
    app.decorate('authClient', {
      ready: () => keySet.untilUsable(),
      verify: (token) => verifyAlone(verifier, { token, realm }),
      get keySetAgeSeconds() {
        return keySet.ageSeconds;
      },
      get keySetSize() {
        return keySet.size;
      },
      get verifiedTokens() {
        return verifier.remembered;
      },
    });
  },
  { name: '@latchkey/auth-client', fastify: '5.x' },
);

async function verifyAlone(
  verifier: TokenVerifier,
  { token, realm }: { token: string; realm: string },
): Promise<Authentication> {
  try {
    return await verifier.verify(token);
  } catch (error) {
    throw withChallenge(asAuthError(error), { realm, scopes: [] });
  }
}
