import type { Server } from 'node:http';
import Fastify, { type FastifyHttpOptions, type FastifyInstance } from 'fastify';
import { type AuthClientOptions, authClient } from '../src/index.ts';
import type { TestIssuer } from '../src/testing/index.ts';

export const audience = 'cart-service';

export type TestService = {
  app: FastifyInstance;
  url: string;
  /** GET with this Authorization header. */
  get(path: string, authorization?: string): Promise<Response>;
  /** GET /cart with this token. */
  cart(token: string): Promise<Response>;
  close(): Promise<void>;
};

/**
 * A small service with a real socket. /cart requires cart:read. /any-age does too, but accepts revocation knowledge of
 * any age. /account requires any token, and /open none.
 */
export async function startService(
  issuer: Pick<TestIssuer, 'issuer' | 'jwksUri'>,
  {
    options = {},
    server = {},
  }: { options?: Partial<AuthClientOptions>; server?: FastifyHttpOptions<Server> } = {},
): Promise<TestService> {
  const app = Fastify(server);
  await app.register(authClient, {
    issuer: issuer.issuer,
    audience,
    jwksUri: issuer.jwksUri,
    revocations: null,
    ...options,
  });
  app.get('/cart', { onRequest: app.requireScope('cart:read') }, async (request) => ({
    owner: request.auth.subject,
  }));
  app.get('/account', { onRequest: app.authenticate }, async (request) => ({
    subject: request.auth.subject,
  }));
  app.get(
    '/any-age',
    { onRequest: app.requireScope('cart:read', { maxRevocationLagSeconds: null }) },
    async (request) => ({ owner: request.auth.subject }),
  );
  app.get('/open', async () => ({ open: true }));
  app.get('/undeclared', async (request) => ({ subject: request.auth.subject }));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const get = (path: string, authorization?: string): Promise<Response> =>
    fetch(`${url}${path}`, { headers: authorization === undefined ? {} : { authorization } });
  return {
    app,
    url,
    get,
    cart: (token) => get('/cart', `Bearer ${token}`),
    async close() {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}
