import type { Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import type { Permissions, PermissionsChanged } from './api.ts';
import { type DemoContext, tags, tokenMember, withTokenSchema } from './context.ts';
import { orPassOn, textIn } from './outgoing.ts';
import { rolesFor, shopScopes } from './role-rules.ts';
import { timed } from './stopwatch.ts';

const changeSchema = Type.Object({
  ...tokenMember,
  scopes: Type.Array(Type.Enum(shopScopes), { uniqueItems: true }),
});

/** Reads the shop permissions of a token's owner, and replaces them as the administrator. */
export async function permissionRoutes(
  app: Service,
  { auth, administrator, services }: DemoContext,
): Promise<void> {
  /** Asks auth-service for the token's owner: this server does not trust the token's claims. */
  async function personOf(token: string) {
    const answer = orPassOn(await auth.ask({ path: '/account', token }));
    return {
      id: textIn(answer, 'id') ?? '',
      username: textIn(answer, 'username') ?? '',
      roles: (answer.body['roles'] ?? []) as readonly string[],
      scopes: (answer.body['scopes'] ?? []) as readonly string[],
    };
  }

  app.post(
    '/permissions/read',
    { schema: { summary: 'What the person of this token may do', tags, body: withTokenSchema } },
    async (request): Promise<Permissions> => permissionsOf(await personOf(request.body.access_token)),
  );

  app.put(
    '/permissions',
    {
      schema: { summary: 'Let the person of this token do this, and nothing else', tags, body: changeSchema },
    },
    async (request): Promise<PermissionsChanged> => {
      const { access_token: token, scopes } = request.body;
      const person = await personOf(token);
      const json = { roles: rolesFor(scopes) };
      const { result, stopwatch } = await timed(services, token, () =>
        administrator.ask({ method: 'PUT', path: `/accounts/${person.id}/roles`, json }),
      );
      const roles = (result.body['roles'] ?? []) as readonly string[];
      return { ...permissionsOf({ ...person, roles, scopes }), stopwatch };
    },
  );
}

function permissionsOf({
  username,
  roles,
  scopes,
}: Omit<Permissions, 'scopes'> & { scopes: readonly string[] }) {
  return {
    username,
    roles,
    scopes: shopScopes.map((scope) => ({ scope, granted: scopes.includes(scope) })),
  };
}
