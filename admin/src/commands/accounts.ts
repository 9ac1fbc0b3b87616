import type { Command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import type { Operator } from '../operator.ts';
import { tableOf } from '../table.ts';

export type Account = {
  readonly id: string;
  readonly username: string;
  readonly roles: readonly string[];
  readonly status: string;
};

export const accountCommands: readonly Command[] = [
  {
    usage: 'accounts show <username>',
    summary: 'shows an account, its roles and whether it is disabled',
    async run([username = ''], { operator, print }) {
      show(await findAccount(operator, username), print);
    },
  },
  {
    usage: 'accounts disable <username>',
    summary: 'blocks sign-ins, and ends all its sessions',
    async run([username = ''], { operator, print }) {
      show(await setStatus(operator, username, 'disabled'), print);
    },
  },
  {
    usage: 'accounts enable <username>',
    summary: 'allows sign-ins again',
    async run([username = ''], { operator, print }) {
      show(await setStatus(operator, username, 'active'), print);
    },
  },
  {
    usage: 'accounts roles <username> <role,role>',
    summary: 'replaces its roles and revokes its tokens; the next refresh brings the new scopes',
    async run([username = '', roles = ''], { operator, print }) {
      const { id } = await findAccount(operator, username);
      const json = { roles: roles.split(',').filter((role) => role !== '') };
      show((await operator.call(`/accounts/${id}/roles`, { method: 'PUT', json })) as Account, print);
    },
  },
];

/** @throws CommandError when no account has this name */
export async function findAccount(operator: Operator, username: string): Promise<Account> {
  const found = await operator.call(`/accounts?username=${encodeURIComponent(username)}`);
  const [account] = found['accounts'] as readonly Account[];
  if (account === undefined) throw new CommandError(`There is no account "${username}".`);
  return account;
}

async function setStatus(operator: Operator, username: string, status: string): Promise<Account> {
  const { id } = await findAccount(operator, username);
  return (await operator.call(`/accounts/${id}/status`, { method: 'PUT', json: { status } })) as Account;
}

function show({ id, username, roles, status }: Account, print: (line: string) => void): void {
  const rows = [[username, status, roles.join(','), id]];
  for (const line of tableOf(['username', 'status', 'roles', 'id'], rows)) print(line);
}
