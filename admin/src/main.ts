import { CommandError } from './command-error.ts';
import { readCommandLine, usage } from './command-line.ts';
import { openOperator } from './operator.ts';
import { askPassword } from './password.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

try {
  const given = readCommandLine(process.argv.slice(2), process.env);
  if (given.help) {
    process.stdout.write(usage);
  } else {
    const { authUrl, username, command, args } = given;
    const password = process.env['LATCHKEY_PASSWORD'] ?? (await askPassword(username));
    const operator = await openOperator({ authUrl, username, password });
    try {
      const print = (line: string): void => void process.stdout.write(`${line}\n`);
      await command.run(args, { operator, print, signal: interrupted.signal });
    } finally {
      await operator.signOut();
    }
  }
} catch (error) {
  const expected = error instanceof CommandError;
  process.stderr.write(`${expected ? error.message : String(error)}\n`);
  process.exitCode = expected ? error.exitCode : 1;
}
