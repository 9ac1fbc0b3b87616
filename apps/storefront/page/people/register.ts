import { config } from '../config.ts';
import { errorFrom, noAnswer } from '../services/service-error.ts';
import { recordedFetch } from '../traffic/recorded-fetch.ts';

export type Credentials = { readonly username: string; readonly password: string };

/**
 * Creates an account. Does not sign in.
 *
 * @throws {ServiceError} `username_taken`, `weak_password`, `invalid_username`, `too_many_attempts`, …
 */
export async function register(credentials: Credentials): Promise<void> {
  const response = await recordedFetch(`${config.issuer}/accounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(credentials),
  }).catch((error: unknown) => {
    throw noAnswer('auth-service', error);
  });
  if (!response.ok) throw await errorFrom('auth-service', response);
}
