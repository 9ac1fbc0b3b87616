import { problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import { SCOPES } from '../tokens/resource-servers.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { accountNotFound } from './refusals.ts';
import { ROLES, scopesOf } from './roles.ts';

const roles = Type.Array(Type.Enum(ROLES));
const account = { id: Type.String(), username: Type.String(), roles };
const accountSchema = Type.Object(account);
const ownAccountSchema = Type.Object({ ...account, scopes: Type.Array(Type.Enum([...SCOPES])) });

const refusals = { 401: problemSchema, 403: problemSchema, 503: problemSchema };

/** Registration, one's own account, and other people's roles. Signing in is a session's beginning: sessions/. */
export async function accountRoutes(
  app: Service,
  { accounts }: { readonly accounts: Accounts },
): Promise<void> {
  app.post(
    '/accounts',
    {
      schema: {
        summary: 'Register',
        tags: ['accounts'],
        security: [],
        body: Type.Object(
          {
            username: Type.String({
              minLength: 1,
              maxLength: 256,
              description: '3 to 64 of a-z 0-9 . _ @ + -',
            }),
            password: Type.String({ minLength: 1, maxLength: 1024, description: '8 to 256 characters' }),
          },
          { additionalProperties: false },
        ),
        response: {
          201: accountSchema,
          400: problemSchema,
          409: problemSchema,
          429: problemSchema,
          503: problemSchema,
        },
      },
    },
    async (request, reply) => {
      const registered = await accounts.register({ ...request.body, ...requestOrigin(request) });
      return reply.code(201).send(answerWith(registered));
    },
  );

  app.get(
    '/account',
    {
      onRequest: app.authenticate,
      schema: {
        summary: 'Who I am, and what I may do',
        tags: ['accounts'],
        response: { 200: ownAccountSchema, 404: problemSchema, ...refusals },
      },
    },
    async (request) => {
      const own = await accounts.find(request.auth.subject);
      if (own === undefined) throw accountNotFound();
      return { ...answerWith(own), scopes: scopesOf(own.roles) };
    },
  );

  app.put(
    '/accounts/:id/roles',
    {
      onRequest: app.requireScope('accounts:manage'),
      schema: {
        summary: 'Give an account other roles',
        tags: ['accounts'],
        params: Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' }) }),
        body: Type.Object({ roles }, { additionalProperties: false }),
        response: { 200: accountSchema, 400: problemSchema, 404: problemSchema, ...refusals },
      },
    },
    async (request) => {
      const change = { id: request.params.id, roles: request.body.roles, actor: request.auth.subject };
      return answerWith(await accounts.changeRoles({ ...change, ...requestOrigin(request) }));
    },
  );
}

function answerWith({ id, username, roles }: Account) {
  return { id, username, roles: [...roles] };
}
