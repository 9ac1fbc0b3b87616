import { SessionError } from '@latchkey/auth-browser';
import { config } from '../config.ts';
import { session } from '../session/session.ts';
import { heardFrom } from './heard.ts';
import { errorFrom, noAnswer, type ServiceName } from './service-error.ts';

const origins: Readonly<Record<ServiceName, string>> = {
  'auth-service': config.services.auth,
  'cart-service': config.services.cart,
  'wishlist-service': config.services.wishlist,
  'payment-service': config.services.payment,
};

export type Question = {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: object;
  /** For requests that must not be done twice: the same key each time that this one is repeated. */
  readonly idempotencyKey?: string;
};

/** What came back: `status` tells a 201 from a 202. */
export type Answer<Body> = { readonly status: number; readonly body: Body };

/**
 * Asks a service in the name of who is signed in. The body is taken to be what the service's document says; it is not
 * checked.
 *
 * @throws {ServiceError} it did not do it, or did not answer
 * @throws {SessionError} nobody is signed in any more, or auth-service did not answer when the token had to be renewed
 * @example const { body } = await ask<Cart>('cart-service', '/cart');
 */
export async function ask<Body>(
  service: ServiceName,
  path: string,
  question: Question = {},
): Promise<Answer<Body>> {
  const response = await send(service, path, question);
  if (!response.ok) throw await errorFrom(service, response);
  return { status: response.status, body: response.status === 204 ? null : await response.json() };
}

async function send(
  service: ServiceName,
  path: string,
  { method = 'GET', body, idempotencyKey }: Question,
): Promise<Response> {
  const headers = {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
  };
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  try {
    const response = await session.fetch(`${origins[service]}${path}`, { method, headers, ...json });
    if (response.status < 500) heardFrom(service);
    return response;
  } catch (error) {
    throw isSilent(origins[service], error) ? noAnswer(service, error) : error;
  }
}

/** Not so when it was auth-service that did not answer, of which the session wanted another token first. */
function isSilent(origin: string, error: unknown): boolean {
  return error instanceof SessionError && error.origin === origin;
}
