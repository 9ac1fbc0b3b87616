import type { ServiceIdentity } from '@latchkey/auth-client';
import type { FastifyInstance } from 'fastify';

export type JwksRouteOptions = { identity: Pick<ServiceIdentity, 'publicKeys'> };

const maxAgeSeconds = 5;

/**
 * GET /.well-known/jwks.json (RFC 7517 §5): the keys with which the live replicas of this service sign, and the one to
 * which its access tokens are encrypted, if there is one. The route is public.
 *
 * If the store cannot be read, the error handler answers 503. A partial list would lock out the other replicas.
 *
 * @example await app.register(jwksRoute, { identity });
 */
export async function jwksRoute(app: FastifyInstance, { identity }: JwksRouteOptions): Promise<void> {
  app.get(
    '/.well-known/jwks.json',
    { schema: { summary: 'Public keys of this service (RFC 7517)', tags: ['keys'], security: [] } },
    async (_request, reply) => {
      const keys = await identity.publicKeys();
      reply.header('cache-control', `public, max-age=${maxAgeSeconds}`).type('application/jwk-set+json');
      return reply.send(JSON.stringify({ keys }));
    },
  );
}
