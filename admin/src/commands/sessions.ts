import type { Command } from '../command.ts';
import { tableOf } from '../table.ts';
import { findAccount } from './accounts.ts';

type Session = Readonly<
  Record<'id' | 'client_id' | 'device_name' | 'address' | 'created_at' | 'last_used_at', string>
> & { readonly bound: boolean; readonly foreign_key_at?: string };

export const sessionCommands: readonly Command[] = [
  {
    usage: 'sessions list <username>',
    summary: 'lists where this person is signed in',
    async run([username = ''], { operator, print }) {
      const { id } = await findAccount(operator, username);
      const { sessions } = await operator.call(`/accounts/${id}/sessions`);
      const rows = (sessions as readonly Session[]).map((session) => [
        session.device_name,
        session.client_id,
        session.address,
        session.created_at,
        session.last_used_at,
        keyOf(session),
        session.id,
      ]);
      const columns = ['device', 'client', 'address', 'signed in', 'last used', 'key', 'id'];
      for (const line of tableOf(columns, rows)) print(line);
    },
  },
  {
    usage: 'sessions end <username> [id]',
    summary: 'ends one session, or all of them',
    async run([username = '', sessionId], { operator, print }) {
      const { id } = await findAccount(operator, username);
      const all = `/accounts/${id}/sessions`;
      const path = sessionId === undefined ? all : `${all}/${encodeURIComponent(sessionId)}`;
      await operator.call(path, { method: 'DELETE' });
      print(sessionId === undefined ? `${username} is signed out everywhere.` : 'The session has ended.');
    },
  },
];

/** Whether a copied token of the session is worth anything, and when somebody without its key last tried one. */
function keyOf({ bound, foreign_key_at: triedAt }: Session): string {
  if (!bound) return 'none';
  return triedAt === undefined ? 'bound' : `bound, tried without at ${triedAt}`;
}
