import { authClient, serviceClient } from '@latchkey/auth-client';
import Fastify, { type FastifyRequest } from 'fastify';
import type { Context } from '../../section.ts';
import type { Session } from '../../system/people.ts';
import { openIdentity } from '../auth-cost/identity.ts';

/** Milliseconds of single calls of GET /cart for one person, from one process to another and back. */
export type HopLatency = {
  /** On the person's behalf, with a token that had to be exchanged first. Holds a single value. */
  readonly exchanged: number[];
  /** On the person's behalf, with a kept token. */
  readonly kept: number[];
  /** With fetch and the person's own token: the baseline. */
  readonly direct: number[];
};

/**
 * Calls cart-service from a Fastify route through auth-client's service client, as one more replica of payment-service.
 * It also calls cart-service directly, from the same process and in turn: only acting for the person differs.
 */
export async function measureHop(
  { system: { urls, stack }, signal }: Context,
  { people, rounds }: { people: readonly Session[]; rounds: number },
): Promise<HopLatency[]> {
  if (stack === undefined) throw new Error('This can be measured beside a system of our own only.');
  await using payment = await openIdentity('payment-service', stack.postgres.url('payment'));
  const { issuer } = stack;
  const { identity } = payment;
  const app = Fastify();
  await using _ = { [Symbol.asyncDispose]: () => app.close() };
  const jwksUri = `${urls.auth}/.well-known/jwks.json`;
  await app.register(authClient, { issuer, audience: 'payment-service', jwksUri, revocations: null });
  await app.register(serviceClient, {
    identity,
    issuer,
    tokenEndpoint: `${urls.auth}/token`,
    services: { 'cart-service': urls.cart },
  });
  const hop = app.serviceClient('cart-service', { scopes: ['cart:read'] });
  const latencies: HopLatency[] = [];
  const onBehalf = (request: FastifyRequest) => timed(() => hop.fetch(request, '/cart'));
  const directly = ({ headers: { authorization = '' } }: FastifyRequest) =>
    timed(() => fetch(`${urls.cart}/cart`, { headers: { authorization } }));

  app.get('/', { onRequest: app.requireScope('payment:read') }, async (request) => {
    const latency: HopLatency = { exchanged: [await onBehalf(request)], kept: [], direct: [] };
    // This call does not count: cart-service sees this token for the first time, too.
    await directly(request);
    for (let round = 0; round < rounds; round += 1) {
      // Each kind of call goes first every other time.
      if (round % 2 === 0) latency.direct.push(await directly(request));
      latency.kept.push(await onBehalf(request));
      if (round % 2 === 1) latency.direct.push(await directly(request));
    }
    latencies.push(latency);
    return {};
  });
  await Promise.all([app.authClient.ready(), app.serviceClient.identity.ready()]);
  for (const { accessToken } of people) {
    signal.throwIfAborted();
    const answer = await app.inject({ url: '/', headers: { authorization: `Bearer ${accessToken}` } });
    if (answer.statusCode !== 200) throw new Error(`The hop was answered ${answer.payload}`);
  }
  return latencies;
}

async function timed(call: () => Promise<Response>): Promise<number> {
  const beganAt = performance.now();
  const response = await call();
  await response.text();
  const elapsedMs = performance.now() - beganAt;
  if (!response.ok) throw new Error(`cart-service answered ${response.status}`);
  return elapsedMs;
}
