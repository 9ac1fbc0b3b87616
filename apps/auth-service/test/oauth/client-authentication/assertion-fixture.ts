import { createSigningKey, type SigningKey } from '@latchkey/auth-client/testing';
import { type AuthApp, postToken, startAuthApp } from '../../support/auth-app.ts';
import { jwtBearer, startServices, type TestServices } from '../../support/services.ts';

export type AssertionFixture = AuthApp & {
  services: TestServices;
  /** A key that auth-service does not know. */
  stranger: SigningKey;
  /** Requests a service's own token with these parameters. */
  authenticate(
    parameters: Record<string, string>,
    headers?: Record<string, string>,
  ): ReturnType<typeof postToken>;
};

/** auth-service with two services that authenticate by assertions. */
export async function startWithAssertions(): Promise<AssertionFixture> {
  const services = await startServices(['payment-service', 'wishlist-service']);
  const auth = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris } });
  return {
    ...auth,
    services,
    stranger: await createSigningKey(),
    authenticate: (parameters, headers) =>
      postToken(auth.app, { grant_type: 'client_credentials', ...parameters }, headers),
    async stop() {
      await auth.stop();
      await services.close();
    },
  };
}

export const seconds = () => Math.floor(Date.now() / 1000);

/** payment-service's parameters with this assertion. */
export const presenting = (assertion: string) => ({
  client_id: 'payment-service',
  client_assertion_type: jwtBearer,
  client_assertion: assertion,
});
