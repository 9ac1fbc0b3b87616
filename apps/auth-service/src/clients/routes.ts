import { problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { ClientStatuses } from './client-statuses.ts';
import type { Client, ClientRegistry } from './clients.ts';
import { clientNotFound } from './refusals.ts';

const status = Type.Union([
  Type.Literal('active'),
  Type.Literal('revoked', {
    description: 'Nobody can sign in or refresh with it. A service cannot authenticate.',
  }),
]);

const clientSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Union([Type.Literal('browser'), Type.Literal('native'), Type.Literal('service')]),
  status,
  revoked_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
});

const refusals = { 401: problemSchema, 403: problemSchema, 503: problemSchema };

export type ClientRoutesOptions = {
  readonly clients: ClientRegistry;
  readonly statuses: ClientStatuses;
};

/** For operators: list the clients, and revoke or reinstate one. */
export async function clientRoutes(app: Service, { clients, statuses }: ClientRoutesOptions): Promise<void> {
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
      await statuses.reload();
      return { clients: clients.all.map(answerWith) };
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
      const client = clients.find(request.params.id);
      if (client === undefined) throw clientNotFound();
      const { subject, clientId } = request.auth;
      const change = { clientId: client.id, status: request.body.status };
      await statuses.change(change, { subject, clientId, ...requestOrigin(request) });
      return answerWith(client);
    },
  );

  function answerWith({ id, name, kind }: Client) {
    const revokedAt = statuses.revokedAt(id);
    return {
      id,
      name,
      kind,
      status: revokedAt === null ? ('active' as const) : ('revoked' as const),
      revoked_at: revokedAt === null ? null : new Date(revokedAt).toISOString(),
    };
  }
}
