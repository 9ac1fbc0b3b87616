import type { Request } from '@latchkey/person';
import type { ShopService, Verdict } from './api.ts';
import { send, textIn } from './outgoing.ts';

/** The services' URLs. */
export type ShopServices = Readonly<Record<ShopService, string>>;

/** A route of each service that requires only its read permission. */
const paths = {
  'cart-service': '/cart',
  'wishlist-service': '/wishlist',
  'payment-service': '/payments?limit=1',
} as const satisfies Record<ShopService, string>;

export const shopServices = Object.keys(paths) as ShopService[];

const timeoutMs = 5000;

/** Asks a service for its current verdict on a token. */
export async function verdictOf(
  services: ShopServices,
  service: ShopService,
  credentials: Pick<Request, 'token' | 'headers'>,
): Promise<Verdict> {
  try {
    const answer = await send(services[service], { ...credentials, path: paths[service] }, timeoutMs);
    const code = answer.status < 400 ? null : (textIn(answer, 'code') ?? null);
    return { service, status: answer.status, code, reason: textIn(answer, 'reason') ?? null };
  } catch {
    return { service, status: 0, code: null, reason: null };
  }
}
