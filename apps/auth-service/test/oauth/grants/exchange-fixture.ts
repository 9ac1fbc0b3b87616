import { issuedFromKey } from '../../../src/redis/key-names.ts';
import { connect, createStore } from '../../sessions/session-fixture.ts';
import {
  type AuthApp,
  decode,
  postToken,
  register,
  signIn,
  startAuthApp,
  type Tokens,
} from '../../support/auth-app.ts';
import { accessTokenType, startServices, type TestServices, tokenExchange } from '../../support/services.ts';

export type ExchangeFixture = AuthApp & {
  services: TestServices;
  /** The offset of auth-service's clock from the machine's. */
  clock: { offsetMs: number };
  /** Registers and signs in a new person. */
  session(body?: Record<string, unknown>): Promise<Tokens>;
  /** Exchanges a token for one for cart-service. `parameters` override the request; undefined omits one. */
  exchange(
    actor: string,
    subjectToken: string,
    parameters?: Readonly<Record<string, string | undefined>>,
  ): ReturnType<typeof postToken>;
  /** Changes roles as auth-service does for an administrator. Returns the earliest iat that is valid afterwards. */
  changeRoles(token: string, roles: string[]): Promise<number>;
};

/** auth-service with services that act for people. Its data set is an hour old, so people can have signed in since. */
export async function startExchange(): Promise<ExchangeFixture> {
  const services = await startServices(['payment-service', 'wishlist-service', 'cart-service']);
  const clock = { offsetMs: -3_600_000 };
  const now = () => Date.now() + clock.offsetMs;
  const auth = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris }, clock: now });
  clock.offsetMs = 0;
  return {
    ...auth,
    services,
    clock,
    session: async (body = {}) => signIn(auth.app, await register(auth.app), body),
    exchange(actor, subjectToken, changes = {}) {
      const parameters = {
        grant_type: tokenExchange,
        subject_token: subjectToken,
        subject_token_type: accessTokenType,
        audience: 'cart-service',
        ...services.credentials(actor),
        ...changes,
      };
      const sent = Object.entries(parameters).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      );
      return postToken(auth.app, Object.fromEntries(sent));
    },
    async changeRoles(token, roles) {
      const subject = String(decode(token).claims['sub']);
      const redis = connect(auth.redis.url);
      try {
        await createStore({ redis, clock: now }).changeRoles(subject, { roles, rolesVersion: 1 });
        return Number(await redis.get(issuedFromKey(0, subject)));
      } finally {
        redis.disconnect();
      }
    },
    async stop() {
      await auth.stop();
      await services.close();
    },
  };
}
