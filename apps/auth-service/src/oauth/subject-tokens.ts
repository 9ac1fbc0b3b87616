import { AuthError, type Authentication, authClient, type RevocationList } from '@latchkey/auth-client';
import Fastify from 'fastify';

export type SubjectTokens = {
  /**
   * Verifies an access token that was sent to this service, as that service itself would. Rejects with AuthError.
   */
  verify(token: string, audience: string): Promise<Authentication>;
  /**
   * Verifies an access token as the first known of these services would, for callers to whom the audience does not
   * matter. Rejects with AuthError, also when none of the services is known.
   */
  verifyFor(token: string, audiences: readonly string[]): Promise<Authentication>;
  close(): Promise<void>;
};

/**
 * Verifies the tokens that services exchange or introspect. A service may only use tokens that were sent to it, so each
 * service has a verifier with its own name as the audience: auth-client, on a Fastify instance that never listens.
 *
 * Refuses tokens that this replica knows to be revoked. Does not check in the store whether the session is alive.
 *
 * @example
 * const subjectTokens = await createSubjectTokens({ issuer, jwksUri, fetchKeys, audiences: ['payment-service'] });
 * const person = await subjectTokens.verify(token, 'payment-service');
 */
export async function createSubjectTokens(options: {
  readonly issuer: string;
  readonly jwksUri: string;
  /** Returns our own keys without an HTTP request. */
  readonly fetchKeys: typeof globalThis.fetch;
  /** The revocations that this replica knows. */
  readonly revocations: RevocationList;
  readonly audiences: readonly string[];
}): Promise<SubjectTokens> {
  const { issuer, jwksUri, fetchKeys, revocations } = options;
  const hosts = new Map(
    await Promise.all(
      [...new Set(options.audiences)].map(async (audience) => {
        const host = Fastify({ logger: false });
        await host.register(authClient, {
          issuer,
          audience,
          jwksUri,
          jwksCooldownSeconds: 1,
          revocations,
          fetch: fetchKeys,
        });
        return [audience, host] as const;
      }),
    ),
  );

  return {
    async verify(token, audience) {
      const host = hosts.get(audience);
      if (host === undefined) throw new TypeError(`There is no verifier for ${audience}.`);
      return host.authClient.inspect(token);
    },
    async verifyFor(token, audiences) {
      const host = audiences.map((audience) => hosts.get(audience)).find((known) => known !== undefined);
      if (host === undefined) throw new AuthError('invalid_token', { reason: 'aud' });
      return host.authClient.inspect(token);
    },
    async close() {
      await Promise.all([...hosts.values()].map((host) => host.close()));
    },
  };
}
