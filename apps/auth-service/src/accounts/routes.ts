import { problemSchema, type Service } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import { personScopes } from '../permissions/resource-servers.ts';
import { scopesOf } from '../permissions/roles.ts';
import { accountAnswer, accountSchema, rolesSchema } from './account-answer.ts';
import type { Accounts } from './accounts.ts';
import { passwordSchema } from './password-schema.ts';
import { accountNotFound, currentPasswordMissing } from './refusals.ts';

const registrationSchema = {
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
      password: passwordSchema,
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
};

const refusals = { 401: problemSchema, 403: problemSchema, 503: problemSchema };

const ownAccountSchema = {
  summary: 'See my account and my scopes',
  tags: ['accounts'],
  response: {
    200: Type.Object({
      id: Type.String(),
      username: Type.String(),
      roles: rolesSchema,
      scopes: Type.Array(Type.Enum([...personScopes])),
    }),
    404: problemSchema,
    ...refusals,
  },
};

const passwordChangeSchema = {
  summary: 'Change my password, and sign my other devices out',
  description:
    'Repeating the request does no harm. After a 503, the other devices may be signed out already, but the password ' +
    'only changes if they are. Somebody who has no password yet sets one without `current_password`, if they have just ' +
    'signed in.',
  tags: ['accounts'],
  body: Type.Object(
    {
      current_password: Type.Optional(passwordSchema),
      new_password: passwordSchema,
      end_other_sessions: Type.Boolean({ default: true }),
    },
    { additionalProperties: false },
  ),
  response: {
    204: Type.Null({ description: 'The password was changed. This device stays signed in.' }),
    400: problemSchema,
    429: problemSchema,
    ...refusals,
  },
};

export type AccountRoutesOptions = {
  readonly accounts: Accounts;
  /** Rejects for somebody without a password who has not just signed in. sessions/ provides it. */
  readonly requireRecentReturn: (request: FastifyRequest) => Promise<void>;
};

/** Registration, and a person's own account. For signing in see sessions/. */
export async function accountRoutes(
  app: Service,
  { accounts, requireRecentReturn }: AccountRoutesOptions,
): Promise<void> {
  app.post('/accounts', { schema: registrationSchema }, async (request, reply) => {
    const registered = await accounts.register({ ...request.body, ...requestOrigin(request) });
    return reply.code(201).send(accountAnswer(registered));
  });

  app.get('/account', { onRequest: app.authenticate, schema: ownAccountSchema }, async (request) => {
    const own = await accounts.find(request.auth.subject);
    if (own === undefined) throw accountNotFound();
    return { ...accountAnswer(own), scopes: scopesOf(own.roles) };
  });

  app.put(
    '/account/password',
    { onRequest: app.authenticate, schema: passwordChangeSchema },
    async (request, reply) => {
      const { subject, sessionId, clientId } = request.auth;
      const own = await accounts.find(subject);
      if (own?.hasPassword === false) await requireRecentReturn(request);
      else if (request.body.current_password === undefined) throw currentPasswordMissing();
      await accounts.changePassword({
        subject,
        sessionId,
        clientId,
        currentPassword: request.body.current_password,
        newPassword: request.body.new_password,
        endOtherSessions: request.body.end_other_sessions,
        origin: requestOrigin(request),
      });
      return reply.code(204).send(null);
    },
  );
}
