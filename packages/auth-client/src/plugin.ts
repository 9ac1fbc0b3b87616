import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { Authentication } from './authentication.ts';
import { bearerToken } from './bearer-token.ts';
import { AuthClientError, AuthError, asAuthError } from './errors.ts';
import { KeySet } from './key-set/key-set.ts';
import { type AuthClientOptions, checkOptions } from './options.ts';
import { type Route, refuse, withChallenge } from './refuse.ts';
import { isScope } from './scope.ts';
import { TokenVerifier } from './token-verifier.ts';

/** A hook that lets a request pass or answers it. Works as onRequest (the right place), preValidation or preHandler. */
export type AuthHook = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void;

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
    /** Lets requests with a valid access token pass, whatever its scopes. */
    authenticate: AuthHook;
    /**
     * Lets requests pass whose valid access token has all these scopes; others get 401 or 403.
     *
     * @example app.get('/cart', { onRequest: app.requireScope('cart:read') }, handler)
     */
    requireScope(...scopes: [string, ...string[]]): AuthHook;
  }

  interface FastifyRequest {
    /** What the access token says. Throws on a route that has neither authenticate nor requireScope. */
    readonly auth: Authentication;
  }
}

const slot = Symbol('latchkey authentication');

interface AuthenticatedRequest extends FastifyRequest {
  [slot]: Authentication | null;
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
    const keySet = new KeySet({
      jwksUri: options.jwksUri,
      fetch: options.fetch,
      timeoutMs: options.jwksTimeoutMs,
      cooldownSeconds: options.jwksCooldownSeconds,
      maxStaleSeconds: options.jwksMaxStaleSeconds,
      clock: options.clock,
      policy: options,
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
    app.decorateRequest('auth', { getter: authenticationOfRequest });
    app.decorate('authenticate', hook(verifier, { realm: options.audience, scopes: [] }));
    app.decorate('requireScope', (...scopes: [string, ...string[]]) => {
      checkScopes(scopes);
      return hook(verifier, { realm: options.audience, scopes });
    });
    app.decorate('authClient', {
      ready: () => keySet.untilUsable(),
      verify: (token) => verifyAlone(verifier, { token, realm: options.audience }),
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

function authenticationOfRequest(this: FastifyRequest): Authentication {
  const authentication = (this as AuthenticatedRequest)[slot];
  if (authentication) return authentication;
  throw new AuthClientError(
    'auth_not_declared',
    'request.auth was read on a route without auth: declare onRequest: app.requireScope(…) or app.authenticate on it',
  );
}

function checkScopes(scopes: readonly string[]): void {
  if (scopes.length > 0 && scopes.every((scope) => typeof scope === 'string' && isScope(scope))) return;
  throw new AuthClientError(
    'invalid_scope',
    'requireScope needs at least one scope, spelled as in RFC 6749 §3.3',
  );
}

/** Callback-style and without a promise on the usual path: a cached token costs a lookup and a few comparisons. */
function hook(verifier: TokenVerifier, route: Route): AuthHook {
  return function authenticate(request, reply, done) {
    let result: Authentication | Promise<Authentication>;
    try {
      result =
        (request as AuthenticatedRequest)[slot] ?? verifier.verify(bearerToken(request.raw.rawHeaders));
      if (!(result instanceof Promise)) admit(request, { authentication: result, route });
    } catch (error) {
      refuse(asAuthError(error), { request, reply, route });
      return;
    }
    if (!(result instanceof Promise)) {
      done();
      return;
    }
    result
      .then((authentication) => admit(request, { authentication, route }))
      .then(
        () => done(),
        (error: unknown) => refuse(asAuthError(error), { request, reply, route }),
      );
  };
}

function admit(
  request: FastifyRequest,
  { authentication, route }: { authentication: Authentication; route: Route },
): void {
  for (const scope of route.scopes)
    if (!authentication.scopes.has(scope)) throw new AuthError('insufficient_scope');
  (request as AuthenticatedRequest)[slot] = authentication;
}
