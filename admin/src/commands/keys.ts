import type { Command } from '../command.ts';
import { tableOf } from '../table.ts';

type Key = Readonly<Record<'kid' | 'state' | 'published_at', string>> & {
  readonly activated_at: string | null;
};

export const keyCommands: readonly Command[] = [
  {
    usage: 'keys list',
    summary: 'lists the signing keys, the newest first',
    async run(_args, { operator, print }) {
      const { keys } = await operator.call('/keys');
      const rows = (keys as readonly Key[]).map((key) => [
        key.kid,
        key.state,
        key.published_at,
        key.activated_at ?? '',
      ]);
      for (const line of tableOf(['kid', 'state', 'published', 'signs since'], rows)) print(line);
    },
  },
  {
    usage: 'keys rotate',
    summary: 'lets the next key sign; revokes no token',
    async run(_args, { operator, print }) {
      const { action, kid } = await operator.call('/keys/rotation', { method: 'POST' });
      print(`${String(kid)} was ${String(action)}.`);
    },
  },
  {
    usage: 'keys revoke <kid>',
    summary: 'revokes a leaked key and every token that it signed',
    async run([kid = ''], { operator, print }) {
      await operator.call(`/keys/${encodeURIComponent(kid)}`, { method: 'DELETE' });
      print(`${kid} is revoked.`);
    },
  },
];
