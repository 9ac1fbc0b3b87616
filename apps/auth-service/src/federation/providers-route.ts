import type { Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import type { Federation } from './federation.ts';

const schema = {
  summary: 'List the providers elsewhere with which people can sign in',
  description: 'An authorization request with `identity_provider` leads there at once.',
  tags: ['accounts'],
  security: [],
  response: {
    200: Type.Object({
      providers: Type.Array(
        Type.Object({
          id: Type.String(),
          name: Type.String(),
          labels: Type.Object({ en: Type.String(), ko: Type.String() }),
          look: Type.String({ description: 'Whose colours its button has; `other`: nobody’s.' }),
          can_reauthenticate: Type.Boolean({
            description: 'Whether it can prove a recent sign-in (max_age).',
          }),
        }),
      ),
    }),
  },
};

/** GET /providers, for pages on which nobody has signed in yet. */
export async function providersRoute(
  app: Service,
  { federation }: { readonly federation: Federation },
): Promise<void> {
  const providers = federation.providers.map(({ id, name, labels, look, canReauthenticate }) => {
    return { id, name, labels: { ...labels }, look, can_reauthenticate: canReauthenticate };
  });
  app.get('/providers', { schema }, async (_request, reply) => {
    reply.header('cache-control', 'public, max-age=60');
    return { providers };
  });
}
