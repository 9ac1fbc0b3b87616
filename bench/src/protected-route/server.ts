// node server.ts ours|rival <issuer> <jwks uri>: a small service, whose answer costs next to nothing.
import { authClient } from '@latchkey/auth-client';
import Fastify from 'fastify';
import { registerRival } from './rival.ts';

const [kind, issuer = '', jwksUri = ''] = process.argv.slice(2);
const app = Fastify();
const answer = { items: [{ sku: 'tea-001', quantity: 2, price: 1250 }], total: 2500, currency: 'EUR' };

if (kind === 'ours') {
  await app.register(authClient, { issuer, audience: 'cart-service', jwksUri, revocations: null });
  await app.authClient.ready();
  app.get('/unprotected', async () => answer);
  app.get('/protected', { onRequest: app.requireScope('cart:read') }, async () => answer);
} else {
  registerRival(app);
  app.get('/protected', async () => answer);
}

process.once('SIGTERM', () => process.exit());
const url = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`listening on ${url}`);
