import { setTimeout as delay } from 'node:timers/promises';
import type { Narrator } from './narrator.ts';
import type { ServiceName, Shop } from './shop.ts';

const services = [
  ['cart', '/cart'],
  ['wishlist', '/wishlist'],
  ['payment', '/payments'],
] as const satisfies readonly (readonly [ServiceName, string])[];

/** Far more than a service needs, and far less than a token lives. */
const boundMs = 1000;

/**
 * Runs while a token is on its way out: asks each service again and again, from the moment that the call which revokes
 * it has been answered, and tells after how many milliseconds each of them first refused.
 */
export async function timeRefusals(
  { shop, tell }: { shop: Shop; tell: Narrator },
  { token, revoke }: { token: string; revoke: () => Promise<unknown> },
): Promise<void> {
  await revoke();
  const answeredAt = performance.now();
  const times = await Promise.all(
    services.map(([service, path]) => firstRefusal(() => shop.call(service, path, { token }), answeredAt)),
  );
  const told = services.map(([service], index) => `${service} ${times[index]?.toFixed(0)} ms`);
  tell.check(
    `refused at once, by what each service has been told, without asking: ${told.join(', ')}`,
    times.every((ms) => ms < boundMs),
  );
}

/** Milliseconds until the first 401; Infinity when it is not refused in time. */
async function firstRefusal(ask: () => Promise<{ status: number }>, since: number): Promise<number> {
  while (performance.now() - since < boundMs) {
    const { status } = await ask();
    if (status === 401) return performance.now() - since;
    await delay(1);
  }
  return Number.POSITIVE_INFINITY;
}
