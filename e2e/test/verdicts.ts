import { setTimeout as delay } from 'node:timers/promises';
import type { Stack } from '@latchkey/dev-stack';
import { send } from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';

/** A route of each service that every customer may read. */
export const paths = {
  auth: '/account',
  cart: '/cart',
  wishlist: '/wishlist',
  payment: '/payments',
} as const;

export type Verdicts = Readonly<Record<keyof typeof paths, number>>;

export const acceptedEverywhere: Verdicts = { auth: 200, cart: 200, wishlist: 200, payment: 200 };
export const refusedEverywhere: Verdicts = { auth: 401, cart: 401, wishlist: 401, payment: 401 };

/** Each service's answer to a token. */
export async function verdictsOn({ services }: Stack, token: string): Promise<Verdicts> {
  const statuses = await Promise.all(
    Object.entries(paths).map(async ([service, path]) => {
      const { status } = await send(services[service as keyof typeof paths].url, { path, token });
      return [service, status];
    }),
  );
  return Object.fromEntries(statuses) as Verdicts;
}

/** cart-service's reason for refusing a revoked token. */
export async function reasonAtCart({ services }: Stack, token: string): Promise<unknown> {
  return (await send(services.cart.url, { path: '/cart', token })).body['reason'];
}

/** Waits until every service has refused a token. */
export async function untilRefused(stack: Stack, token: string): Promise<void> {
  await eventually('the token is refused everywhere', async () =>
    expect(await verdictsOn(stack, token)).toEqual(refusedEverywhere),
  );
}

/** Waits until every service has refused a token, and checks that none accepts it again. */
export async function expectRefusedForGood(stack: Stack, token: string): Promise<void> {
  await untilRefused(stack, token);
  for (let again = 0; again < 5; again += 1) {
    expect(await verdictsOn(stack, token)).toEqual(refusedEverywhere);
    await delay(20);
  }
}
