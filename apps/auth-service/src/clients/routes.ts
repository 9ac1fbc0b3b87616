import { problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { Applications } from './applications.ts';
import type { ClientStatuses } from './client-statuses.ts';
import type { ApplicationClient, Client, ClientDirectory, ServiceClient } from './clients.ts';
import { clientNotFound, invalidClientMetadata } from './refusals.ts';
import { faultOfRegistration, keptName, registrationFields } from './registration.ts';

const status = Type.Union([
  Type.Literal('active'),
  Type.Literal('revoked', {
    description: 'Nobody can sign in or refresh with it. A service cannot authenticate.',
  }),
]);

const clientSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Enum(['browser', 'native', 'application', 'service']),
  dpop_bound_access_tokens: Type.Boolean({ description: 'It gets no token without a proof of possession.' }),
  status,
  revoked_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
});

const registered = {
  redirect_uris: Type.Array(Type.String()),
  scopes: Type.Array(Type.String()),
  token_endpoint_auth_method: Type.Enum(['none', 'client_secret_basic', 'private_key_jwt']),
};

const boundOnly = { dpop_bound_access_tokens: Type.Boolean() };

const registrationSchema = {
  summary: 'Register an application of somebody else',
  description:
    'People sign in to it at the authorization endpoint, and consent to what it may do. The secret is in this answer ' +
    'and nowhere else. Other replicas know the application within 5 s.',
  tags: ['clients'],
  body: Type.Object(
    {
      ...registrationFields,
      token_endpoint_auth_method: registered.token_endpoint_auth_method,
      jwks_uri: Type.Optional(
        Type.String({ maxLength: 2048, description: 'For private_key_jwt: the URL of its public keys.' }),
      ),
    },
    { additionalProperties: false },
  ),
  response: {
    201: Type.Object({
      id: Type.String(),
      name: Type.String(),
      ...registered,
      ...boundOnly,
      client_secret: Type.Optional(Type.String({ description: 'Only for client_secret_basic.' })),
    }),
    400: problemSchema,
    401: problemSchema,
    403: problemSchema,
    503: problemSchema,
  },
};

const refusals = { 401: problemSchema, 403: problemSchema, 503: problemSchema };

export type ClientRoutesOptions = {
  readonly services: readonly ServiceClient[];
  /** All clients. */
  readonly clients: ClientDirectory;
  readonly applications: Applications;
  readonly statuses: ClientStatuses;
};

/** For operators: list the clients, revoke or reinstate one, and register or remove an application of others. */
export async function clientRoutes(app: Service, options: ClientRoutesOptions): Promise<void> {
  const { services, clients, applications, statuses } = options;
  app.get(
    '/clients',
    {
      onRequest: app.requireScope('clients:manage'),
      schema: {
        summary: 'List clients',
        tags: ['clients'],
        response: { 200: Type.Object({ clients: Type.Array(clientSchema) }), ...refusals },
      },
    },
    async () => {
      await Promise.all([statuses.reload(), applications.reload()]);
      const ofPeople = Map.groupBy(applications.all, ({ kind }) => kind === 'application');
      const [ours = [], others = []] = [ofPeople.get(false), ofPeople.get(true)];
      return { clients: [...ours, ...services, ...others].map(answerWith) };
    },
  );

  app.put(
    '/clients/:id/status',
    {
      onRequest: app.requireScope('clients:manage'),
      schema: {
        summary: 'Revoke or reinstate a client',
        description:
          'A revoked client can neither sign people in, nor refresh, exchange or authenticate, and services refuse its ' +
          'access tokens. Its sessions are kept, and continue when it is reinstated: at every replica within about 5 s. ' +
          'After a 503, repeat the request to complete the change.',
        tags: ['clients'],
        params: Type.Object({ id: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' }) }),
        body: Type.Object({ status }, { additionalProperties: false }),
        response: {
          200: clientSchema,
          400: problemSchema,
          404: problemSchema,
          409: problemSchema,
          ...refusals,
        },
      },
    },
    async (request) => {
      const { id } = request.params;
      const client = clients.find(id);
      if (client === undefined) throw clientNotFound();
      const { subject, clientId } = request.auth;
      const change = { clientId: client.id, status: request.body.status };
      await statuses.change(change, { subject, clientId, ...requestOrigin(request) });
      return answerWith(client);
    },
  );

  app.post(
    '/clients',
    { onRequest: app.requireScope('clients:manage'), schema: registrationSchema },
    async (request, reply) => {
      const { redirect_uris: redirectUris, scopes } = request.body;
      const name = keptName(request.body.name);
      const { token_endpoint_auth_method: method, jwks_uri: jwksUri } = request.body;
      const { post_logout_redirect_uris: postLogoutRedirectUris = [] } = request.body;
      const { backchannel_logout_uri: backchannelLogoutUri = null } = request.body;
      const isPairwise = request.body.subject_type === 'pairwise';
      const { logo_uri: logoUri = null } = request.body;
      const isBoundOnly = request.body.dpop_bound_access_tokens ?? false;
      const rest = { postLogoutRedirectUris, backchannelLogoutUri, logoUri, isPairwise, isBoundOnly };
      const fault = faultOfRegistration({ name, redirectUris, method, jwksUri, ...rest });
      if (fault !== undefined) throw invalidClientMetadata(fault);
      const { subject, clientId } = request.auth;
      const by = { subject, clientId, ...requestOrigin(request) };
      const { client, secret } = await applications.register(
        { name, redirectUris, scopes, method, jwksUri, ...rest },
        by,
      );
      reply.code(201).header('cache-control', 'no-store');
      return { ...answerWithApplication(client), ...(secret !== undefined && { client_secret: secret }) };
    },
  );

  app.delete(
    '/clients/:id',
    {
      onRequest: app.requireScope('clients:manage'),
      schema: {
        summary: 'Remove an application of somebody else',
        description:
          'Its sessions cannot be refreshed any more, and services refuse its access tokens within milliseconds. After ' +
          'a 503, repeat the request to complete it.',
        tags: ['clients'],
        params: Type.Object({ id: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' }) }),
        response: { 204: Type.Null({ description: 'It is gone.' }), 404: problemSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { subject, clientId } = request.auth;
      const { id } = request.params;
      const by = { subject, clientId, ...requestOrigin(request) };
      if (applications.find(id)?.kind !== 'application') throw clientNotFound();
      await statuses.change({ clientId: id, status: 'revoked' }, by);
      await applications.remove(id, by);
      return reply.code(204).send(null);
    },
  );

  function answerWith({ id, name, kind, isBoundOnly }: Client) {
    const revokedAt = statuses.revokedAt(id);
    return {
      id,
      name,
      kind,
      dpop_bound_access_tokens: isBoundOnly,
      status: revokedAt === null ? ('active' as const) : ('revoked' as const),
      revoked_at: revokedAt === null ? null : new Date(revokedAt).toISOString(),
    };
  }
}

function answerWithApplication(client: ApplicationClient) {
  const { id, name, redirectUris, scopes, authentication, isBoundOnly } = client;
  return {
    id,
    name,
    redirect_uris: [...redirectUris],
    scopes: [...scopes],
    token_endpoint_auth_method: authentication.method,
    dpop_bound_access_tokens: isBoundOnly,
  };
}
