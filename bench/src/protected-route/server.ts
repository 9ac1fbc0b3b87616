// node server.ts ours|revoked|rival <issuer> <jwks uri>: a small service, whose answer costs next to nothing.
import { authClient } from '@latchkey/auth-client';
import Fastify from 'fastify';
import { holdRevocations } from './held-revocations.ts';
import { registerRival } from './rival.ts';

const [kind, issuer = '', jwksUri = ''] = process.argv.slice(2);
const app = Fastify();
const answer = { items: [{ sku: 'tea-001', quantity: 2, price: 1250 }], total: 2500, currency: 'EUR' };

if (kind === 'rival') {
  registerRival(app);
  app.get('/protected', async () => answer);
} else {
  const revocations = kind === 'revoked' ? holdRevocations() : null;
  await app.register(authClient, { issuer, audience: 'cart-service', jwksUri, revocations });
  await app.authClient.ready();
  app.get('/unprotected', async () => answer);
  app.get('/protected', { onRequest: app.requireScope('cart:read') }, async () => answer);
}

process.once('SIGTERM', () => process.exit());
const url = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`listening on ${url}`);
