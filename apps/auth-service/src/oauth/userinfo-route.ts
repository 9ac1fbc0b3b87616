import { type AuthClientOptions, authClient } from '@latchkey/auth-client';
import { problemSchema, type Service } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Accounts } from '../accounts/accounts.ts';
import type { ClientDirectory } from '../clients/clients.ts';
import { subjectFor } from '../clients/subject-identifier.ts';
import { userInfoAudience } from '../permissions/resource-servers.ts';
import { personalClaimsOf } from '../tokens/personal-claims.ts';
import { sessionEnded } from '../tokens/session-ended.ts';

const schema = {
  summary: 'UserInfo endpoint (OpenID Connect Core §5.3)',
  description: 'With the scope profile it also returns the user name.',
  tags: ['tokens'],
  response: {
    200: Type.Object({
      sub: Type.String(),
      preferred_username: Type.Optional(Type.String()),
      updated_at: Type.Optional(Type.Integer({ description: 'Seconds since 1970.' })),
    }),
    401: problemSchema,
    403: problemSchema,
    503: problemSchema,
  },
};

/**
 * GET and POST /userinfo, for tokens with the scope openid. Verifies them itself, since they have an audience of their
 * own. Register it before the plugin that verifies tokens for auth-service's other routes.
 */
export async function userInfoRoute(
  app: Service,
  options: {
    readonly verifying: Omit<AuthClientOptions, 'audience'>;
    readonly accounts: Pick<Accounts, 'find'>;
    readonly clients: ClientDirectory;
  },
): Promise<void> {
  await app.register(authClient, { ...options.verifying, audience: userInfoAudience } as AuthClientOptions);
  // The form of a POST may be empty. Its access_token is not read: RFC 6750 §2.2 allows it, and RFC 9700 does not.
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, async () => undefined);
  const route = { onRequest: app.requireScope('openid'), schema };
  app.get('/userinfo', route, answer);
  app.post('/userinfo', route, answer);

  async function answer(request: FastifyRequest, reply: FastifyReply) {
    const account = await options.accounts.find(request.auth.subject);
    if (account === undefined || account.disabledAt !== null) throw sessionEnded();
    reply.header('cache-control', 'no-store');
    const sub = subjectFor(options.clients.find(request.auth.clientId), account.id);
    return request.auth.scopes.has('profile') ? { sub, ...personalClaimsOf(account) } : { sub };
  }
}
