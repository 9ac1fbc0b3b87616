import fastifyJwt from '@fastify/jwt';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import buildGetJwks from 'get-jwks';

/** @fastify/jwt with get-jwks, line by line as @fastify/jwt's README shows it under "Verifying with JWKS". */
export function registerRival(fastify: FastifyInstance): void {
  const getJwks = buildGetJwks();

  fastify.register(fastifyJwt, {
    decode: { complete: true },
    secret: (_request: FastifyRequest, token: unknown) => {
      const {
        header: { kid, alg },
        payload: { iss },
      } = token as DecodedToken;
      return getJwks.getPublicKey({ kid, domain: iss, alg });
    },
  });

  fastify.addHook('onRequest', async (request, reply) => {
    try {
      await request.jwtVerify();
    } catch (err) {
      reply.send(err);
    }
  });
}

type DecodedToken = { header: { kid: string; alg: string }; payload: { iss: string } };
