import { setTimeout as delay } from 'node:timers/promises';
import type { Narrator } from './narrator.ts';
import type { ServiceName, Shop } from './shop.ts';

const services = [
  ['cart', '/cart'],
  ['wishlist', '/wishlist'],
  ['payment', '/payments'],
] as const satisfies readonly (readonly [ServiceName, string])[];

/** Far longer than a service needs, and far shorter than a token's lifetime. */
const boundMs = 1000;

/**
 * Measures how soon each service refuses a revoked token. It revokes the token, then sends requests to each service
 * and reports the milliseconds from the answer to the revocation until the first refusal.
 */
export async function timeRefusals(
  { shop, tell }: { shop: Shop; tell: Narrator },
  { token, revoke }: { token: string; revoke: () => Promise<unknown> },
): Promise<void> {
  await revoke();
  const answeredAt = performance.now();
  const times = await Promise.all(
    services.map(([service, path]) =>
      firstRefusal(async () => (await shop.call(service, { path, token })).status === 401, answeredAt),
    ),
  );
  const told = services.map(([service], index) => `${service} ${times[index]?.toFixed(0)} ms`);
  tell.check(
    `each service refused it at once, without asking auth-service: ${told.join(', ')}`,
    times.every((ms) => ms < boundMs),
  );
}

/** Milliseconds until the first refusal; Infinity when there is none in time. */
export async function firstRefusal(isRefused: () => Promise<boolean>, since: number): Promise<number> {
  while (performance.now() - since < boundMs) {
    if (await isRefused()) return performance.now() - since;
    await delay(1);
  }
  return Number.POSITIVE_INFINITY;
}
