import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { AuthClientError } from '../errors.ts';
import { appContext } from '../plugin/auth-hook.ts';
import { createClientProofs } from '../proof/client-proofs.ts';
import { newCounters, type ServiceCounters } from './counters.ts';
import { DelegatedTokens } from './delegated-tokens.ts';
import { createHop, type Hop } from './hop.ts';
import type { ServiceIdentity } from './identity.ts';
import {
  checkHopSettings,
  checkServiceClientOptions,
  type HopSettings,
  type ServiceClientOptions,
} from './options.ts';
import { exchangeToken } from './token-exchange.ts';

/** `app.serviceClient` */
export type ServiceClient = {
  /**
   * Returns the client for one of the registered services. Create it once, beside the routes.
   *
   * @throws AuthClientError unknown_service or invalid_options
   * @example const cart = app.serviceClient('cart-service', { scopes: ['cart:read'], timeoutMs: 1000 })
   */
  (audience: string, settings?: HopSettings): Hop;
  /**
   * Drops the tokens of this session, including those that are being exchanged. Where authClient gets revocations, it
   * does this automatically.
   */
  forgetSession(sessionId: string): void;
  /** This service's identity; `publicKeys()` is what it publishes. */
  readonly identity: ServiceIdentity;
  /** Counts of calls for each service. Live: read them when metrics are collected. */
  readonly counters: readonly Readonly<ServiceCounters>[];
  /** How many exchanged tokens are kept. */
  readonly keptTokens: number;
};

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyInstance {
    serviceClient: ServiceClient;
  }
}

/**
 * Calls other services on the person's behalf. It exchanges the person's token for one that only the other service
 * accepts, with no more scopes than the call needs (RFC 8693), and authenticates with this service's key (RFC 7523).
 *
 * The new token is bound to a key of this process if the issuer binds tokens (RFC 9449), and each call proves the key. A
 * copied token is worth nothing to somebody else then.
 *
 * Register authClient first. Kept tokens that a revocation concerns are dropped at once. If authClient has
 * `revocations: null`, a kept token is used for its whole life (300 s), unless forgetSession is called. Does not
 * publish the keys and does not close the identity: see createServiceIdentity.
 *
 * @throws AuthClientOptionsError
 * @example
 * const identity = createServiceIdentity({ clientId: 'payment-service', store })
 * await app.register(serviceClient, { identity, tokenEndpoint, issuer, services: { 'cart-service': 'http://127.0.0.1:4001' } })
 * const cart = app.serviceClient('cart-service', { scopes: ['cart:read'] })
 * app.get('/total', { onRequest: app.requireScope('payment:read') }, async (request) => {
 *   const response = await cart.fetch(request, '/cart')
 *   return totalOf(await response.json())
 * })
 */
export const serviceClient = fastifyPlugin(
  async (app: FastifyInstance, given: ServiceClientOptions) => {
    const options = checkServiceClientOptions(given);
    const { identity, services, fetch, clock } = options;
    const { clientId } = identity;
    const proofs = options.proofOfPossession === 'off' ? null : createClientProofs(clock);
    const endpoint = {
      tokenEndpoint: options.tokenEndpoint,
      issuer: options.issuer,
      identity,
      timeoutMs: options.exchangeTimeoutMs,
      fetch,
      proofs,
      isBoundOnly: options.proofOfPossession === 'required',
    };
    const tokens = new DelegatedTokens({
      exchange: (exchange) => exchangeToken(exchange, endpoint),
      clientId,
      clock,
      max: options.keptTokensMax,
    });
    const stopForgetting = app[appContext].revocations?.onRevoked((revocation) => tokens.forget(revocation));
    app.addHook('onClose', async () => stopForgetting?.());
    const counters = new Map(Object.keys(services).map((audience) => [audience, newCounters(audience)]));

    function hopFor(audience: string, settings: HopSettings = {}): Hop {
      const own = counters.get(audience);
      const baseUrl = own && services[audience]?.replace(/\/$/, '');
      if (!own || baseUrl === undefined) {
        throw new AuthClientError(
          'unknown_service',
          `serviceClient: ${JSON.stringify(audience)} is not one of the registered services`,
        );
      }
      const checked = checkHopSettings(settings);
      return createHop({
        hop: audience,
        baseUrl,
        realm: clientId,
        tokens,
        counters: own,
        fetch,
        proofs,
        ...checked,
      });
    }

    app.decorate(
      'serviceClient',
      Object.defineProperties(hopFor, {
        forgetSession: { value: (sessionId: string) => tokens.forgetSession(sessionId) },
        identity: { value: identity },
        counters: { value: [...counters.values()] },
        keptTokens: { get: () => tokens.size },
      }) as ServiceClient,
    );
  },
  { name: '@latchkey/service-client', fastify: '5.x', dependencies: ['@latchkey/auth-client'] },
);
