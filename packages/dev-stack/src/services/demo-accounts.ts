import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DevStackError } from '../errors.ts';
import { serviceDefinitions } from './definitions.ts';

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
  const args = ['--disable-warning=ExperimentalWarning', 'src/commands.ts', 'create-accounts'];
  const child = spawn(process.execPath, args, {
    cwd: serviceDefinitions.auth.directory,
    env,
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: process.platform !== 'win32',
    ...(signal === undefined ? {} : { signal }),
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.on('error', () => {});
  child.stdin.end(accounts.map((account) => `${JSON.stringify(account)}\n`).join(''));
  const [code] = await once(child, 'close');
  signal?.throwIfAborted();
  if (code !== 0) {
    throw new DevStackError(`Accounts could not be made: ${errors.trim().split('\n', 1)[0]}`);
  }
}
