import fastifyCors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/**
 * Lets pages of exactly these origins read our answers, with cookies. With none, no header is sent and browsers keep
 * every other origin out.
 *
 * @throws when an origin is `*` or has a path: with credentials that would open the service to any page.
 */
export async function addCors(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new Error(`Not an origin: ${origin}`);
  }
  if (origins.length === 0) return;
  await app.register(fastifyCors, {
    origin: [...origins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['x-request-id', 'traceparent', 'retry-after', 'www-authenticate'],
    maxAge: 600,
  });
}
