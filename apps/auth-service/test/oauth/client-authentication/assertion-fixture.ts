import { createSigningKey, type SigningKey } from '@latchkey/auth-client/testing';
import { type AuthApp, postToken, startAuthApp } from '../../support/auth-app.ts';
import { jwtBearer, startServices, type TestServices } from '../../support/services.ts';

export type AssertionFixture = AuthApp & {
  services: TestServices;
  /** The key of nobody whom auth-service knows. */
  stranger: SigningKey;
  /** Asks for a service's own token with these parameters. */
  authenticate(
    parameters: Record<string, string>,
    headers?: Record<string, string>,
  ): ReturnType<typeof postToken>;
};

/** auth-service with two services that prove who they are by assertions. */
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

/** payment-service, with this assertion. */
export const presenting = (assertion: string) => ({
  client_id: 'payment-service',
  client_assertion_type: jwtBearer,
  client_assertion: assertion,
});
