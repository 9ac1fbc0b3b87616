import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { createLogger, ProblemError } from '@latchkey/service-kit';
import { textOf } from '@latchkey/service-kit/text';
import { type NewAccount, parseAccountLines } from '../accounts/account-lines.ts';
import { type Accounts, createAccounts } from '../accounts/accounts.ts';
import { type AuditLog, createAuditLog } from '../audit/audit-log.ts';
import { type AuthConfig, LONGEST_ACCESS_TOKEN_SECONDS, readConfig } from '../config.ts';
import { type AuthDatabase, openAuthDatabase } from '../database/open-auth-database.ts';
import { parseKeyEncryptionKeys } from '../keys/encryption.ts';
import { createKeyRing, type KeyRing } from '../keys/key-ring.ts';
import { connectRedis } from '../redis/connection.ts';
import { retentionSeconds } from '../revocation/log/revocation.ts';
import { createRevocationLog, type RevocationLog } from '../revocation/log/revocation-log.ts';

const USAGE = `Usage (with auth-service's environment):
  node src/commands.ts create-account --username NAME --roles ROLE[,ROLE]   the password is read from standard input
  node src/commands.ts create-accounts    one {"username", "password", "roles"} per line of standard input;
                                          an account that exists stays as it is
  node src/commands.ts rotate-key         sign with the next key from now on
  node src/commands.ts revoke-key KID     have every token that this key signed refused from now on, everywhere;
                                          after an error: once more, which completes what was begun
`;

/** How many operands each command takes. */
const commands: Readonly<Record<string, number>> = {
  'create-account': 0,
  'create-accounts': 0,
  'rotate-key': 0,
  'revoke-key': 1,
};

/** What a command reads and writes: what its process has, or what a test gives it. */
export type Surroundings = {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
};

/**
 * Carries out one of the operator's commands. They work on auth-service's own stores, whether or not it runs.
 *
 * @returns the exit code: 0; 1 when it was refused, which it says on stderr; 2 when there is no such command.
 * @throws what keeps it from being carried out: a setting that is missing, say
 */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { values, positionals } = readArguments(args);
  const [command, ...operands] = positionals;
  if (command === undefined || commands[command] !== operands.length) {
    surroundings.stderr.write(USAGE);
    return 2;
  }
  try {
    await run({ command, operands, values }, surroundings);
    return 0;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    // A refusal is an answer: its code lets a script tell "exists already" from a fault.
    surroundings.stderr.write(`${error.code}: ${error.message}\n`);
    return 1;
  }
}

/** Of an option that there is none of, nothing: it gets the usage. */
function readArguments(args: readonly string[]): Arguments {
  const options = { username: { type: 'string' }, roles: { type: 'string' } } as const;
  const [command = '', ...operands] = args;
  // A key's id is base64url: one in 64 begins with a dash.
  if (command === 'revoke-key') return { values: {}, positionals: [command, ...operands] };
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch {
    return { values: {}, positionals: [] };
  }
}

type Arguments = {
  readonly values: { readonly username?: string; readonly roles?: string };
  readonly positionals: readonly string[];
};

type Task = Pick<Arguments, 'values'> & { readonly command: string; readonly operands: readonly string[] };

type Stores = {
  readonly config: AuthConfig;
  readonly db: AuthDatabase['db'];
  readonly log: ReturnType<typeof createLogger>;
  readonly audit: AuditLog;
};

async function run(task: Task, surroundings: Surroundings): Promise<void> {
  const { command, operands } = task;
  const { env, stdout } = surroundings;
  const config = readConfig(env);
  const database = await openAuthDatabase(config);
  const { db } = database;
  const log = createLogger({ name: 'auth-service', level: 'warn' });
  const audit = createAuditLog({ db, log, clock: Date.now });
  const stores = { config, db, log, audit };
  try {
    if (command === 'rotate-key') stdout.write(await rotateKey(stores));
    else if (command === 'revoke-key') stdout.write(await revokeKey(stores, operands[0] ?? ''));
    else await createAccountsFromInput(task, { surroundings, stores });
  } finally {
    await audit.close();
    await database.close();
  }
}

async function rotateKey(stores: Stores): Promise<string> {
  // To rotate is no reason to go to Redis.
  const keyRing = keyRingOf(stores, () => Promise.reject(new Error('A rotation revokes nothing.')));
  return `${JSON.stringify(await keyRing.rotate())}\n`;
}

async function revokeKey(stores: Stores, kid: string): Promise<string> {
  const { config } = stores;
  const redis = connectRedis({ url: config.REDIS_URL, onError: () => {} });
  try {
    const { publish } = createRevocationLog({
      redis,
      redisUrl: config.REDIS_URL,
      shards: config.REDIS_SHARDS,
      revocationSeconds: retentionSeconds({
        tokenSeconds: LONGEST_ACCESS_TOKEN_SECONDS,
        skewSeconds: config.KEY_SKEW_SECONDS,
      }),
      clock: Date.now,
      onError: () => {},
    });
    return `${JSON.stringify(await keyRingOf(stores, publish).revoke(kid))}\n`;
  } finally {
    redis.disconnect();
  }
}

function keyRingOf({ config, ...stores }: Stores, publish: RevocationLog['publish']): KeyRing {
  return createKeyRing({
    ...stores,
    clock: Date.now,
    publish,
    keyEncryptionKeys: parseKeyEncryptionKeys(config.KEY_ENCRYPTION_KEY),
    jwksMaxAgeSeconds: config.JWKS_MAX_AGE_SECONDS,
    skewSeconds: config.KEY_SKEW_SECONDS,
    tokenSeconds: LONGEST_ACCESS_TOKEN_SECONDS,
    rotationDays: config.KEY_ROTATION_DAYS,
  });
}

async function createAccountsFromInput(
  { command, values }: Task,
  { surroundings, stores }: { surroundings: Surroundings; stores: Stores },
): Promise<void> {
  const { stdin, stdout } = surroundings;
  const { config, db, audit } = stores;
  const redis = connectRedis({ url: config.REDIS_URL, onError: () => {} });
  try {
    const accounts = await createAccounts({
      db,
      redis,
      audit,
      clock: Date.now,
      randomBytes,
      pseudonymKey: parseKeyEncryptionKeys(config.KEY_ENCRYPTION_KEY).deriveKey('pseudonyms'),
      hashConcurrency: 1,
      // An account that is being made has no sessions yet.
      sessions: { find: async () => undefined, endAll: async () => [], changeRoles: async () => {} },
    });
    const input = await readInput(stdin);
    if (command === 'create-account') {
      const { username = '', roles = '' } = values;
      const password = input.replace(/\r?\n$/, '');
      const account = await accounts.create({ username, password, roles: roles.split(',') });
      stdout.write(`${account.id}\n`);
    } else {
      for (const account of parseAccountLines(input))
        stdout.write(await createUnlessThere(accounts, account));
    }
  } finally {
    redis.disconnect();
  }
}

async function readInput(stdin: Readable): Promise<string> {
  const input = textOf(await buffer(stdin));
  if (input !== undefined) return input;
  throw new ProblemError({ status: 400, code: 'malformed_input', detail: 'Standard input is not UTF-8.' });
}

async function createUnlessThere(accounts: Accounts, account: NewAccount): Promise<string> {
  try {
    const { id } = await accounts.create(account);
    return `${account.username}: ${id}\n`;
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'username_taken') throw error;
    return `${account.username}: exists\n`;
  }
}
