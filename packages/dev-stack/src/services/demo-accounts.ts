import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runAuthCommand } from './auth-command.ts';

export type DemoAccount = { username: string; password: string; roles: string[] };

/** Accounts to try the system with. Their passwords are public: use them only on your own machine. */
export const demoAccounts: DemoAccount[] = [
  { username: 'mina', password: 'teal-lantern-harbour-42', roles: ['customer'] },
  { username: 'viewer', password: 'quiet-window-orchard-17', roles: ['viewer'] },
  { username: 'support', password: 'copper-ladder-meadow-58', roles: ['support'] },
  { username: 'admin', password: 'granite-beacon-willow-93', roles: ['admin'] },
];

/**
 * Creates the demo accounts, once per data set.
 *
 * @param directory keeps a record that they have been created
 * @param env auth-service's environment
 */
export async function createDemoAccounts(
  directory: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<void> {
  const marker = join(directory, 'accounts-made');
  if (existsSync(marker)) return;
  await createAccounts(demoAccounts, env, signal);
  writeFileSync(marker, `${demoAccounts.map(({ username }) => username).join('\n')}\n`);
}

/**
 * Creates any number of accounts with auth-service's own command, because registering over HTTP is rate-limited per
 * network. An existing account stays as it is.
 *
 * @param env auth-service's environment
 * @throws DevStackError with the command's message
 */
export async function createAccounts(
  accounts: readonly DemoAccount[],
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<void> {
  await runAuthCommand({ command: 'create-accounts', lines: accounts, env, signal });
}
