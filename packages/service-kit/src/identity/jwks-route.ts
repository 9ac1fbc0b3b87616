import type { IdentityStore } from '@latchkey/auth-client';
import type { FastifyInstance } from 'fastify';

export type JwksRouteOptions = {
  store: Pick<IdentityStore, 'list'>;
  /** Milliseconds since 1970. Default the system's clock. */
  clock?: () => number;
};

const maxAgeSeconds = 5;

/**
 * GET /.well-known/jwks.json: the public keys of all live replicas of this service (RFC 7517 §5). The route is public.
 *
 * If the store cannot be read, the error handler answers 503. A partial list would lock out the other replicas.
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
      const keys = (await store.list(clock())).map(({ jwk }) => jwk);
      reply.header('cache-control', `public, max-age=${maxAgeSeconds}`).type('application/jwk-set+json');
      return reply.send(JSON.stringify({ keys }));
    },
  );
}
