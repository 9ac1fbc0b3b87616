import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DevStackError } from '../errors.ts';
import { serviceDefinitions } from '../services/definitions.ts';

export type DemoAccount = { username: string; password: string; roles: string[] };

/** Accounts to try the system with. Their passwords are published here: for one's own machine and nothing else. */
export const demoAccounts: DemoAccount[] = [
  { username: 'mina', password: 'teal-lantern-harbour-42', roles: ['customer'] },
  { username: 'viewer', password: 'quiet-window-orchard-17', roles: ['viewer'] },
  { username: 'support', password: 'copper-ladder-meadow-58', roles: ['support'] },
  { username: 'admin', password: 'granite-beacon-willow-93', roles: ['admin'] },
];

/**
 * Makes the demo accounts through auth-service's own command, once per data set.
 *
 * @param env auth-service's environment
 */
export async function createDemoAccounts(
  directory: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<void> {
  const marker = join(directory, 'accounts-made');
  if (existsSync(marker)) return;
  // All at once: most of the time goes into starting node.
  const results = await Promise.allSettled(
    demoAccounts.map((account) => createAccount(account, env, signal)),
  );
  signal?.throwIfAborted();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  writeFileSync(marker, `${demoAccounts.map(({ username }) => username).join('\n')}\n`);
}

async function createAccount(
  { username, password, roles }: DemoAccount,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
) {
  const args = ['--disable-warning=ExperimentalWarning', 'src/commands.ts', 'create-account'];
  const child = spawn(process.execPath, [...args, '--username', username, '--roles', roles.join(',')], {
    cwd: serviceDefinitions.auth.directory,
    env,
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: process.platform !== 'win32',
    ...(signal === undefined ? {} : { signal }),
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.on('error', () => {});
  child.stdin.end(`${password}\n`);
  const [code] = await once(child, 'close');
  if (code === 0 || /^\w*(taken|exists)\w*:/m.test(errors)) return;
  throw new DevStackError(
    `The demo account ${username} could not be made: ${errors.trim().split('\n', 1)[0]}`,
  );
}
