import { parseArgs } from 'node:util';
import { type Command, parameterCounts, wordsOf } from './command.ts';
import { CommandError } from './command-error.ts';
import { accountCommands } from './commands/accounts.ts';
import { clientCommands } from './commands/clients.ts';
import { keyCommands } from './commands/keys.ts';
import { revocationCommands } from './commands/revocations.ts';
import { sessionCommands } from './commands/sessions.ts';

const commands: readonly Command[] = [
  ...accountCommands,
  ...sessionCommands,
  ...clientCommands,
  ...keyCommands,
  ...revocationCommands,
];

const widest = Math.max(...commands.map((command) => command.usage.length));

export const usage = `Administers a running Latchkey, signed in as an operator.

${commands.map((command) => `  npm run admin -- ${command.usage.padEnd(widest)}  ${command.summary}`).join('\n')}

Options
  --url <url>        auth-service; default AUTH_URL, or http://localhost:4000
  --username <name>  the operator's account; default LATCHKEY_USERNAME, or admin
  --help             this text

The password comes from LATCHKEY_PASSWORD, or the terminal asks for it.
Exit code: 0 done, 1 refused or failed, 2 command line not understood.
`;

type CommandLine =
  | { readonly help: true }
  | {
      readonly help: false;
      readonly authUrl: string;
      readonly username: string;
      readonly command: Command;
      readonly args: readonly string[];
    };

/**
 * Finds the command that the operator typed. It does not check the parameters' values: auth-service does.
 *
 * @throws CommandError with exit code 2 for an unknown command or option, or the wrong number of parameters
 * @example readCommandLine(['accounts', 'disable', 'mina'], process.env)
 */
export function readCommandLine(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): CommandLine {
  const { values, positionals } = parse(argv);
  if (values.help || positionals.length === 0) return { help: true };
  const command = commands.find((candidate) =>
    wordsOf(candidate).every((word, index) => positionals[index] === word),
  );
  if (command === undefined) {
    throw new CommandError(`There is no command "${positionals.join(' ')}": npm run admin lists them.`, {
      exitCode: 2,
    });
  }
  const args = positionals.slice(wordsOf(command).length);
  const { least, most } = parameterCounts(command);
  if (args.length < least || args.length > most)
    throw new CommandError(`Usage: npm run admin -- ${command.usage}`, { exitCode: 2 });
  return {
    help: false,
    authUrl: authUrlFrom(values.url ?? env['AUTH_URL'] ?? 'http://localhost:4000'),
    username: values.username ?? env['LATCHKEY_USERNAME'] ?? 'admin',
    command,
    args,
  };
}

/** auth-service's URL without a trailing slash: paths are appended to it. */
function authUrlFrom(text: string): string {
  const isGood = /^https?:\/\/[^\s/\\?#@]+(\/[^\s\\?#]*)?$/i.test(text) && URL.canParse(text);
  if (isGood) return text.replace(/\/+$/, '');
  throw new CommandError('--url and AUTH_URL take an http(s) URL without user, query and fragment.', {
    exitCode: 2,
  });
}

/** A key id that is not an option. Key ids are thumbprints in base64url, so one in 64 begins with a dash. */
const dashedKeyId = /^-[A-Za-z0-9_-]{42}$/;

function parse(argv: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: argv.filter((text) => !dashedKeyId.test(text)),
      allowPositionals: true,
      options: {
        url: { type: 'string' },
        username: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return { values, positionals: [...positionals, ...argv.filter((text) => dashedKeyId.test(text))] };
  } catch (cause) {
    throw new CommandError(cause instanceof Error ? cause.message : String(cause), { exitCode: 2, cause });
  }
}
