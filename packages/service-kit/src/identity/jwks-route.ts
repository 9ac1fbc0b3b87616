import type { FastifyInstance } from 'fastify';
import type { ServiceIdentityStore } from './identity-store.ts';
import type { ServiceJwk } from './service-keys-table.ts';

export interface JwksRouteOptions {
  store: Pick<ServiceIdentityStore, 'list'>;
  /** Milliseconds since 1970. Default the system's clock. */
  clock?: () => number;
}

const maxAgeSeconds = 5;

/**
 * GET /.well-known/jwks.json: the public keys of all replicas of this service that live (RFC 7517 §5). It is public.
 *
 * When the store cannot be read the answer is the error handler's (503), not a shorter list: half a list would make the
 * other replicas strangers.
 *
 * @example await app.register(jwksRoute, { store });
 */
export async function jwksRoute(
  app: FastifyInstance,
  { store, clock = Date.now }: JwksRouteOptions,
): Promise<void> {
  app.get(
    '/.well-known/jwks.json',
    { schema: { summary: 'Public keys of this service (RFC 7517)', tags: ['keys'], security: [] } },
    async (_request, reply) => {
      const keys: ServiceJwk[] = (await store.list(clock())).map(({ jwk }) => jwk);
      reply.header('cache-control', `public, max-age=${maxAgeSeconds}`).type('application/jwk-set+json');
      return reply.send(JSON.stringify({ keys }));
    },
  );
}
