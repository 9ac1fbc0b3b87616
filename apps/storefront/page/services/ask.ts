import { config } from '../config.ts';
import { session } from '../session/session.ts';
import { heardFrom } from './heard.ts';
import { errorFrom, isSilent, noAnswer, type ServiceName } from './service-error.ts';

const urls: Readonly<Record<ServiceName, string>> = {
  'auth-service': config.services.auth,
  'cart-service': config.services.cart,
  'wishlist-service': config.services.wishlist,
  'payment-service': config.services.payment,
};

export type RequestOptions = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: object;
  /** `include`: sends cookies, and takes those of the answer. */
  readonly credentials?: RequestCredentials;
  /** For a request that must not take effect twice: each repetition sends the same key. */
  readonly idempotencyKey?: string;
};

/** The answer. `status` distinguishes a 201 from a 202. */
export type Answer<Body> = { readonly status: number; readonly body: Body };

/**
 * Sends a request to a service for the person who is signed in. Does not check that the answer's body has the type that
 * the service documents.
 *
 * @throws {ServiceError} the service refused, failed or did not answer
 * @throws {SessionError} nobody is signed in any more, or auth-service did not answer when the token had to be renewed
 * @example const { body } = await ask<Cart>('cart-service', '/cart');
 */
export async function ask<Body>(
  service: ServiceName,
  path: string,
  options: RequestOptions = {},
): Promise<Answer<Body>> {
  const response = await send(service, path, options);
  if (!response.ok) throw await errorFrom(service, response);
  return { status: response.status, body: response.status === 204 ? null : await response.json() };
}

async function send(
  service: ServiceName,
  path: string,
  { method = 'GET', body, credentials, idempotencyKey }: RequestOptions,
): Promise<Response> {
  const headers = {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
  };
  const more = {
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(credentials !== undefined && { credentials }),
  };
  try {
    const response = await session.fetch(`${urls[service]}${path}`, { method, headers, ...more });
    if (response.status < 500) heardFrom(service);
    return response;
  } catch (error) {
    throw isSilent(urls[service], error) ? noAnswer(service, error) : error;
  }
}
