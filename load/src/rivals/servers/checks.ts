import fastifyJwt from '@fastify/jwt';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import buildGetJwks from 'get-jwks';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { Hook } from '../../experiments/auth-cost/protection.ts';
import { audience, type ServerSettings } from '../../experiments/auth-cost/settings.ts';

type Check = (app: FastifyInstance, settings: ServerSettings) => Promise<Hook[]>;

/** Libraries that check tokens, each used as its README shows. */
export const checks: Readonly<Record<'fastify-jwt' | 'jose', Check>> = {
  async 'fastify-jwt'(app, { origin }) {
    const getJwks = buildGetJwks();
    await app.register(fastifyJwt, {
      decode: { complete: true },
      secret: (_request: FastifyRequest, token: unknown) => {
        const { header } = token as { header: { kid: string; alg: string } };
        // The README uses the issuer of the token as the domain; our issuer is known.
        return getJwks.getPublicKey({ ...header, domain: origin });
      },
    });
    return [(request: FastifyRequest) => request.jwtVerify()];
  },

  async jose(_app, { issuer, jwksUri }) {
    const keys = createRemoteJWKSet(new URL(jwksUri));
    return [
      async ({ headers: { authorization = '' } }: FastifyRequest, reply: FastifyReply) => {
        try {
          await jwtVerify(authorization.slice('Bearer '.length), keys, { issuer, audience, typ: 'at+jwt' });
          return undefined;
        } catch {
          return reply.code(401).send();
        }
      },
    ];
  },
};
