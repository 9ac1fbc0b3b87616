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
];

async function setStatus(operator: Operator, id: string, status: string): Promise<void> {
  await operator.call(`/clients/${encodeURIComponent(id)}/status`, { method: 'PUT', json: { status } });
}
