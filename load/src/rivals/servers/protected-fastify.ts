// node protected-fastify.ts none|latchkey|fastify-jwt|jose <issuer> <origin of auth-service>: one route in Fastify, let
// in by one of these. Each is used as its README shows it.
import fastifyJwt from '@fastify/jwt';
import { authClient } from '@latchkey/auth-client';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import buildGetJwks from 'get-jwks';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { serveMeasured } from '../../processes/serve-measured.ts';
import { answer, audience, scope } from './answer.ts';

const [kind = 'none', issuer = '', origin = ''] = process.argv.slice(2);
const jwksUri = `${origin}/.well-known/jwks.json`;

const ways: Readonly<Record<string, (app: FastifyInstance) => Promise<void>>> = {
  async none(app) {
    app.get('/', async () => answer);
  },

  async latchkey(app) {
    await app.register(authClient, { issuer, audience, jwksUri, revocations: null });
    await app.authClient.ready();
    app.get('/', { onRequest: app.requireScope(scope) }, async () => answer);
  },

  async 'fastify-jwt'(app) {
    const getJwks = buildGetJwks();
    await app.register(fastifyJwt, {
      decode: { complete: true },
      secret: (_request: FastifyRequest, token: unknown) => {
        const { header } = token as { header: { kid: string; alg: string } };
        // The README takes the issuer of the token for the domain; ours is known.
        return getJwks.getPublicKey({ ...header, domain: origin });
      },
    });
    app.addHook('onRequest', (request) => request.jwtVerify());
    app.get('/', async () => answer);
  },

  async jose(app) {
    const keys = createRemoteJWKSet(new URL(jwksUri));
    app.addHook('onRequest', async ({ headers: { authorization = '' } }, reply) => {
      try {
        await jwtVerify(authorization.slice('Bearer '.length), keys, { issuer, audience, typ: 'at+jwt' });
      } catch {
        await reply.code(401).send();
      }
    });
    app.get('/', async () => answer);
  },
};

const app = Fastify();
await ways[kind]?.(app);
await serveMeasured(app);
