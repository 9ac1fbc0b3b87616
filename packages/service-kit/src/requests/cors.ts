import fastifyCors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

const exposedHeaders = ['x-request-id', 'traceparent', 'retry-after', 'www-authenticate', 'dpop-nonce'];

/** The headers that let a page of this origin read an answer; none for an origin that is not allowed. */
export type CorsHeaders = (origin: string | undefined) => Readonly<Record<string, string>>;

/**
 * The headers for answers that no hook sees. addCors sets the same on all other answers.
 *
 * @throws when an origin is `*` or has a path: with credentials, `*` would open the service to any page.
 */
export function corsHeadersFor(origins: readonly string[]): CorsHeaders {
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new Error(`Not an origin: ${origin}`);
  }
  if (origins.length === 0) return () => ({});
  return (origin) => {
    if (origin === undefined || !origins.includes(origin)) return { vary: 'Origin' };
    return {
      vary: 'Origin',
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': exposedHeaders.join(', '),
    };
  };
}

/**
 * Lets pages of exactly these origins read our answers, with cookies. Without origins no header is sent, so browsers
 * keep all other origins out.
 */
export async function addCors(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(fastifyCors, {
    origin: [...origins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders,
    maxAge: 600,
  });
}
