import { expect } from 'vitest';
import {
  type AuthApp,
  type postToken,
  register,
  signIn,
  startAuthApp,
  type Tokens,
} from '../support/auth-app.ts';
import { startServices, type TestServices } from '../support/services.ts';

type Answer = ReturnType<typeof postToken>;

export type TokenRevocationFixture = AuthApp & {
  services: TestServices;
  /** Posts these parameters to /revoke as a form. */
  revoke(parameters: Record<string, string>, headers?: Record<string, string>): Answer;
  /** A new person, signed in from the command line. */
  session(): Promise<Tokens>;
};

/** auth-service with two services that may also revoke tokens. */
export async function startTokenRevocation(): Promise<TokenRevocationFixture> {
  const services = await startServices(['payment-service', 'cart-service']);
  const auth = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris }, durableRedis: true });
  return {
    ...auth,
    services,
    revoke: (parameters, headers = {}) =>
      auth.app.inject({
        method: 'POST',
        url: '/revoke',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload: new URLSearchParams(parameters).toString(),
      }),
    session: async () => signIn(auth.app, await register(auth.app)),
    async stop() {
      await auth.stop();
      await services.close();
    },
  };
}

/** The one answer to every token, whether it could be revoked or not. */
export function expectAnswered(answer: Awaited<Answer>): void {
  expect(answer.statusCode).toBe(200);
  expect(answer.body).toBe('');
  expect(answer.headers['cache-control']).toBe('no-store');
}
