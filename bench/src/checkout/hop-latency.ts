import { authClient, createServiceIdentity, serviceClient } from '@latchkey/auth-client';
import type { Stack } from '@latchkey/dev-stack';
import { openPaymentDatabase } from '@latchkey/payment-service/src/database/open-payment-database.ts';
import { createIdentityStore } from '@latchkey/service-kit/identity';
import Fastify, { type FastifyRequest } from 'fastify';
import type { Buyer } from './buyers.ts';

/** Milliseconds of single calls of GET /cart for one person, from one process to the other and back. */
export type HopLatency = {
  /** On the user's behalf, with a token that had to be exchanged first. */
  readonly exchanged: number;
  /** On the user's behalf, with a kept token. */
  readonly kept: number[];
  /** With the user's own token and fetch, by whoever wants to know what the hop costs. */
  readonly direct: number[];
};

/**
 * Calls cart-service as payment-service does: from a Fastify route, through auth-client's service client, as one more
 * replica of payment-service. And directly, from the same process and in turn, so that only acting for the user differs.
 */
export async function measureHop(
  { services, postgres, issuer }: Stack,
  { buyers, rounds }: { buyers: readonly Buyer[]; rounds: number },
): Promise<HopLatency[]> {
  const { auth, cart } = services;
  const database = await openPaymentDatabase({
    DATABASE_URL: postgres.url('payment'),
    DATABASE_POOL_SIZE: 1,
    DATABASE_TIMEOUT_MS: 2000,
  });
  const app = Fastify();
  app.addHook('onClose', () => database.close());
  await using _ = { [Symbol.asyncDispose]: () => app.close() };
  await app.register(authClient, {
    issuer,
    audience: 'payment-service',
    jwksUri: `${auth.url}/.well-known/jwks.json`,
    revocations: null,
  });
  const identity = createServiceIdentity({
    clientId: 'payment-service',
    store: createIdentityStore(database.db),
  });
  app.addHook('onClose', async () => identity.close());
  await app.register(serviceClient, {
    identity,
    issuer,
    tokenEndpoint: `${auth.url}/token`,
    services: { 'cart-service': cart.url },
  });
  const hop = app.serviceClient('cart-service', { scopes: ['cart:read'] });
  const latencies: HopLatency[] = [];
  const onBehalf = (request: FastifyRequest) => timed(() => hop.fetch(request, '/cart'));
  const directly = ({ headers: { authorization = '' } }: FastifyRequest) =>
    timed(() => fetch(`${cart.url}/cart`, { headers: { authorization } }));

  app.get('/', { onRequest: app.requireScope('payment:read') }, async (request) => {
    const latency: HopLatency = { exchanged: await onBehalf(request), kept: [], direct: [] };
    // cart-service sees this token for the first time, too.
    await directly(request);
    for (let round = 0; round < rounds; round += 1) {
      // Each goes first every other time.
      if (round % 2 === 0) latency.direct.push(await directly(request));
      latency.kept.push(await onBehalf(request));
      if (round % 2 === 1) latency.direct.push(await directly(request));
    }
    latencies.push(latency);
    return {};
  });
  await Promise.all([app.authClient.ready(), app.serviceClient.identity.ready()]);
  for (const { accessToken } of buyers) {
    const answer = await app.inject({ url: '/', headers: { authorization: `Bearer ${accessToken}` } });
    if (answer.statusCode !== 200) throw new Error(`The hop was answered ${answer.payload}`);
  }
  return latencies;
}

async function timed(call: () => Promise<Response>): Promise<number> {
  const startedAt = performance.now();
  const response = await call();
  await response.text();
  const elapsedMs = performance.now() - startedAt;
  if (!response.ok) throw new Error(`cart-service answered ${response.status}`);
  return elapsedMs;
}
