import type { Command } from '../command.ts';
import type { Operator } from '../operator.ts';
import { tableOf } from '../table.ts';

type Client = Readonly<Record<'id' | 'name' | 'kind' | 'status', string>>;

export const clientCommands: readonly Command[] = [
  {
    usage: 'clients list',
    summary: 'lists the clients, which may ask for tokens',
    async run(_args, { operator, print }) {
      const { clients } = await operator.call('/clients');
      const rows = (clients as readonly Client[]).map(({ id, kind, status, name }) => [
        id,
        kind,
        status,
        name,
      ]);
      for (const line of tableOf(['client', 'kind', 'status', 'name'], rows)) print(line);
    },
  },
  {
    usage: 'clients revoke <id>',
    summary: 'gives it no more tokens, and revokes those that it has',
    async run([id = ''], { operator, print }) {
      await setStatus(operator, id, 'revoked');
      print(`${id} is revoked.`);
    },
  },
  {
    usage: 'clients restore <id>',
    summary: 'lets it ask for tokens again',
    async run([id = ''], { operator, print }) {
      await setStatus(operator, id, 'active');
      print(`${id} is active.`);
    },
  },
  {
    usage: 'clients register <name> <redirect-uri> <scope,scope> [none|secret|jwks-uri] [public|pairwise]',
    summary: 'registers an application of somebody else; prints its id, and its secret once',
    async run(
      [name = '', redirectUri = '', scopes = '', how = 'none', subjects = 'public'],
      { operator, print },
    ) {
      const json = {
        name,
        redirect_uris: [redirectUri],
        scopes: scopes.split(','),
        subject_type: subjects,
        ...authentication(how),
      };
      const registered = await operator.call('/clients', { method: 'POST', json });
      print(`${registered['name']} is registered as ${registered['id']}.`);
      const secret = registered['client_secret'];
      if (secret !== undefined) print(`Its secret, which is shown only now: ${secret}`);
    },
  },
  {
    usage: 'clients remove <id>',
    summary: 'forgets an application of somebody else, and revokes its tokens',
    async run([id = ''], { operator, print }) {
      await operator.call(`/clients/${encodeURIComponent(id)}`, { method: 'DELETE' });
      print(`${id} is removed.`);
    },
  },
];

/** How an application proves who it is: not at all, by a secret, or by keys that it publishes at a URL. */
function authentication(how: string): object {
  if (how === 'none') return { token_endpoint_auth_method: 'none' };
  if (how === 'secret') return { token_endpoint_auth_method: 'client_secret_basic' };
  return { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: how };
}

async function setStatus(operator: Operator, id: string, status: string): Promise<void> {
  await operator.call(`/clients/${encodeURIComponent(id)}/status`, { method: 'PUT', json: { status } });
}
