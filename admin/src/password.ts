import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CommandError } from './command-error.ts';

/**
 * Asks for a password at the terminal, without echoing it.
 *
 * @throws CommandError with exit code 2 when stdin is not a terminal
 */
export async function askPassword(username: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new CommandError('There is no terminal to ask for the password. Set LATCHKEY_PASSWORD.', {
      exitCode: 2,
    });
  process.stderr.write(`Password of ${username}: `);
  // readline would echo each key into its output.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
