import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { AuthClientError } from '../errors.ts';
import { newCounters, type ServiceCounters } from './counters.ts';
import { DelegatedTokens } from './delegated-tokens.ts';
import { createHop, type Hop } from './hop.ts';
import { createServiceIdentity, type ServiceIdentity } from './identity.ts';
import {
  checkHopSettings,
  checkServiceClientOptions,
  type HopSettings,
  type ServiceClientOptions,
} from './options.ts';
import { exchangeToken } from './token-endpoint.ts';

/** `app.serviceClient` */
export interface ServiceClient {
  /**
   * The client for one of the services that were named when the plugin was registered. Make it once, beside the routes.
   *
   * @throws AuthClientError unknown_service or invalid_options
   * @example const cart = app.serviceClient('cart-service', { scopes: ['cart:read'], timeoutMs: 1000 })
   */
  (audience: string, settings?: HopSettings): Hop;
  /** Forgets the tokens that stem from this sign-in; those on their way are not used either. */
  forgetSession(sessionId: string): void;
  /** Who this service is; `publicKeys()` is what it publishes. */
  readonly identity: ServiceIdentity;
  /** What has been done so far, for each service. Live: read it when metrics are collected. */
  readonly counters: readonly Readonly<ServiceCounters>[];
  /** How many exchanged tokens are kept. */
  readonly keptTokens: number;
}

declare module 'fastify' {
  interface FastifyInstance {
    serviceClient: ServiceClient;
  }
}

/**
 * Calls other services on the user's behalf: exchanges the user's token for one that only the other service takes, with
 * no more scopes than the call needs (RFC 8693), and proves who this service is by a key of its own (RFC 7523).
 *
 * Register authClient first. Does not publish the keys: a route of the service does, see `identity.publicKeys()`.
 * Does not ask whether the session of a kept token has ended, for up to the token's life (300 s): forgetSession is for
 * whoever knows.
 *
 * @throws AuthClientOptionsError
 * @example
 * await app.register(serviceClient, { clientId: 'payment-service', tokenEndpoint, issuer, identityStore,
 *   services: { 'cart-service': 'http://127.0.0.1:4001' } })
 * const cart = app.serviceClient('cart-service', { scopes: ['cart:read'] })
 * app.get('/total', { onRequest: app.requireScope('payment:read') }, async (request) => {
 *   const response = await cart.fetch(request, '/cart')
 *   return totalOf(await response.json())
 * })
 */
export const serviceClient = fastifyPlugin(
  async (app: FastifyInstance, given: ServiceClientOptions) => {
    const options = checkServiceClientOptions(given);
    const { clientId, services, fetch, clock } = options;
    const identity = createServiceIdentity({
      clientId,
      rotationHours: options.keyRotationHours,
      clock,
      onFailed: (error) => app.log.warn({ err: error }, 'this service’s public key could not be published'),
      ...(options.identityStore && { store: options.identityStore }),
    });
    app.addHook('onClose', async () => identity.close());

    const endpoint = {
      tokenEndpoint: options.tokenEndpoint,
      issuer: options.issuer,
      identity,
      timeoutMs: options.exchangeTimeoutMs,
      fetch,
    };
    const tokens = new DelegatedTokens({
      exchange: (exchange) => exchangeToken(exchange, endpoint),
      clock,
      max: options.keptTokensMax,
    });
    const counters = new Map(Object.keys(services).map((audience) => [audience, newCounters(audience)]));

    function hopFor(audience: string, settings: HopSettings = {}): Hop {
      const own = counters.get(audience);
      const baseUrl = own && services[audience]?.replace(/\/$/, '');
      if (!own || baseUrl === undefined) {
        throw new AuthClientError(
          'unknown_service',
          `serviceClient: ${JSON.stringify(audience)} is not among the services that were registered`,
        );
      }
      const checked = checkHopSettings(settings);
      return createHop({ hop: audience, baseUrl, realm: clientId, tokens, counters: own, fetch, ...checked });
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
