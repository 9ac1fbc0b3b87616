import type { PageConfig } from '../../../src/page-config.ts';

/** From left to right. */
export const lanes = ['page', 'auth', 'cart', 'wishlist', 'payment'] as const;
export type Lane = (typeof lanes)[number];
/**
 * Where a request comes from. The demo's server, which plays thief, phone and administrator, has no lane. Nor has
 * gift-ideas, an application of somebody else, or a provider where people sign in.
 */
export type Origin = Lane | 'demo' | 'partner' | 'provider';

/** The lane of a service, e.g. of `cart-service`; null for a service without a lane. */
export function laneOfService(service: string): Lane | null {
  const name = service.replace(/-service$/, '');
  return lanes.find((lane) => lane === name) ?? null;
}

/**
 * The lane of the service at an address. Inside the system a service goes by its own name or by 127.0.0.1, where the
 * page says localhost, so the port may decide.
 */
export function laneOfUrl(address: string, services: PageConfig['services']): Lane | null {
  const url = URL.parse(address);
  if (url === null) return null;
  const origins = Object.entries(services).map(([lane, origin]) => [lane as Lane, new URL(origin)] as const);
  const at = origins.find(([, { origin }]) => origin === url.origin);
  if (at !== undefined) return at[0];
  const named = laneOfService(url.hostname);
  if (named !== null) return named;
  const isHere = url.hostname === '127.0.0.1' || url.hostname === 'localhost';
  return origins.find(([, { port }]) => isHere && port === url.port)?.[0] ?? null;
}
