import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DevStackError } from '../errors.ts';
import { serviceDefinitions } from './definitions.ts';
import { lastWords } from './log.ts';

export type AuthCommand = {
  command: 'create-accounts' | 'register-applications';
  /** Its input: each becomes a line of JSON. */
  lines: readonly unknown[];
  /** auth-service's environment. */
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
};

/**
 * Runs one of auth-service's own commands, whether or not auth-service runs.
 *
 * @throws DevStackError, one line, with the command's message
 */
export async function runAuthCommand({ command, lines, env, signal }: AuthCommand): Promise<void> {
  const args = ['--disable-warning=ExperimentalWarning', 'src/commands.ts', command];
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
  child.stdin.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const [code] = await once(child, 'close');
  signal?.throwIfAborted();
  if (code !== 0)
    throw new DevStackError(`${command} failed: ${lastWords(errors.split('\n')) ?? `exit code ${code}`}`);
}
