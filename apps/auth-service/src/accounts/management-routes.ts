import { problemSchema, type Service } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import {
  accountIdSchema,
  managedAccountAnswer,
  managedAccountSchema,
  rolesSchema,
  statusSchema,
} from './account-answer.ts';
import type { Accounts } from './accounts.ts';
import { accountNotFound } from './refusals.ts';

const refusals = { 400: problemSchema, 401: problemSchema, 403: problemSchema, 503: problemSchema };
const tags = ['accounts'];

const searchSchema = {
  summary: 'Find an account by its user name',
  tags,
  querystring: Type.Object(
    { username: Type.String({ minLength: 1, maxLength: 256 }) },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Object({ accounts: Type.Array(managedAccountSchema, { description: 'One, or none.' }) }),
    ...refusals,
  },
};

const accountRouteSchema = {
  summary: 'See an account',
  tags,
  params: accountIdSchema,
  response: { 200: managedAccountSchema, 404: problemSchema, ...refusals },
};

const rolesRouteSchema = {
  summary: 'Change the roles of an account',
  description:
    'Takes effect at once: existing access tokens are revoked, and the next refresh returns the new scopes.',
  tags,
  params: accountIdSchema,
  body: Type.Object({ roles: rolesSchema }, { additionalProperties: false }),
  response: { 200: managedAccountSchema, 404: problemSchema, 409: problemSchema, ...refusals },
};

const statusRouteSchema = {
  summary: 'Disable or enable an account',
  description: 'Disabling ends all its sessions. After a 503, repeat the request to complete the change.',
  tags,
  params: accountIdSchema,
  body: Type.Object({ status: statusSchema }, { additionalProperties: false }),
  response: { 200: managedAccountSchema, 404: problemSchema, 409: problemSchema, ...refusals },
};

/** What operators do with other people's accounts. For their sessions see sessions/managed-session-routes.ts. */
export async function accountManagementRoutes(
  app: Service,
  { accounts }: { readonly accounts: Accounts },
): Promise<void> {
  const onRequest = app.requireScope('accounts:manage');

  app.get('/accounts', { onRequest, schema: searchSchema }, async (request) => {
    const found = await accounts.findByUsername(request.query.username);
    return { accounts: found === undefined ? [] : [managedAccountAnswer(found)] };
  });

  app.get('/accounts/:id', { onRequest, schema: accountRouteSchema }, async (request) => {
    const account = await accounts.find(request.params.id);
    if (account === undefined) throw accountNotFound();
    return managedAccountAnswer(account);
  });

  app.put('/accounts/:id/roles', { onRequest, schema: rolesRouteSchema }, async (request) => {
    const { id } = request.params;
    const account = await accounts.changeRoles({ id, roles: request.body.roles, ...by(request) });
    return managedAccountAnswer(account);
  });

  app.put('/accounts/:id/status', { onRequest, schema: statusRouteSchema }, async (request) => {
    const { id } = request.params;
    const account = await accounts.changeStatus({ id, status: request.body.status, ...by(request) });
    return managedAccountAnswer(account);
  });
}

function by(request: FastifyRequest) {
  return { actor: request.auth.subject, ...requestOrigin(request) };
}
