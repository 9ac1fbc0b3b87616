import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { DevStackError } from '../errors.ts';
import { findOnPath } from '../programs/find-on-path.ts';

const managers: Record<string, string[][]> = {
  brew: [['brew', 'install', 'redis']],
  dnf: [['dnf', 'install', '--assumeyes', 'valkey']],
  apk: [['apk', 'add', 'redis']],
};

export type InstallOptions = {
  env: Record<string, string | undefined>;
  /** Whether there is a terminal at which to ask. */
  interactive?: boolean;
  ask?: (question: string) => Promise<string>;
};

/**
 * Installs Redis with the system's package manager. It asks at the terminal first, unless CI=true. It does not ask for
 * Homebrew, which changes nothing of the system.
 *
 * @throws DevStackError that names the commands to run, if there is no terminal or the answer is no
 */
export async function installRedis({ env, interactive, ask = askTerminal }: InstallOptions): Promise<void> {
  const manager = findManager(env);
  const commands = manager === undefined ? [] : installCommands(manager, env);
  const shown = commands.map((command) => command.join(' ')).join(' && ');
  const missing = redisMissing(shown);
  if (commands.length === 0) throw missing;
  if (env['CI'] !== 'true' && manager !== 'brew') {
    const atTerminal = interactive ?? (process.stdin.isTTY && process.stdout.isTTY);
    if (!atTerminal) throw missing;
    const answer = await ask(`Redis was not found. Run "${shown}"? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw missing;
  }
  for (const [program = '', ...args] of commands) {
    const child = spawn(program, args, { stdio: 'inherit', env });
    const [code] = await once(child, 'exit');
    if (code !== 0)
      throw new DevStackError(
        `"${[program, ...args].join(' ')}" failed: install Redis by hand and start again.`,
      );
  }
}

/** Says what to do where no source has Redis; `commands` would install it. */
export function redisMissing(commands = ''): DevStackError {
  const shown = commands === '' ? '' : ` (${commands})`;
  return new DevStackError(
    `Redis was not found. Install it${shown}, or start Docker, or set REDIS_URL for npm start; then start again.`,
  );
}

/** Whether `installRedis` knows a package manager of this machine. */
export function hasPackageManager(env: Record<string, string | undefined>): boolean {
  return findManager(env) !== undefined;
}

/** The first known package manager on PATH. */
function findManager(env: Record<string, string | undefined>): string | undefined {
  return Object.keys(managers).find((name) => findOnPath([name], env['PATH'] ?? '') !== undefined);
}

function installCommands(manager: string, env: Record<string, string | undefined>): string[][] {
  const commands = managers[manager] ?? [];
  // Homebrew refuses root; the others need it.
  const needsSudo = manager !== 'brew' && process.getuid?.() !== 0;
  const sudo = needsSudo && findOnPath(['sudo'], env['PATH'] ?? '') !== undefined;
  return sudo ? commands.map((command) => ['sudo', ...command]) : commands;
}

async function askTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const closed = once(terminal, 'close').then(() => '');
  // Ctrl-C and Ctrl-D at the question mean no.
  terminal.on('SIGINT', () => terminal.close());
  try {
    return await Promise.race([terminal.question(question), closed]);
  } finally {
    terminal.close();
  }
}
