import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { createLogger, ProblemError } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';
import { type Accounts, createAccounts } from '../accounts/accounts.ts';
import { type AuditLog, createAuditLog } from '../audit/audit-log.ts';
import { createApplications } from '../clients/applications.ts';
import { type AuthConfig, clientsOf, maxAccessTokenSeconds, readConfig } from '../config.ts';
import { type AuthDatabase, openAuthDatabase } from '../database/open-auth-database.ts';
import { parseKeyEncryptionKeys } from '../keys/encryption.ts';
import { createKeyRing, type KeyRing } from '../keys/key-ring.ts';
import { createLoginStore } from '../logins/login-store.ts';
import type { RedisClient } from '../redis/client.ts';
import { connectRedis } from '../redis/connection.ts';
import { retentionSeconds } from '../revocation/log/revocation.ts';
import { createRevocationLog, type RevocationLog } from '../revocation/log/revocation-log.ts';
import { createSessionsOfSubject } from '../sessions/sessions-of-subject.ts';
import { parseJsonLines, readInput } from './json-lines.ts';
import { readLoggedChanges } from './logged-changes.ts';
import { reapplyChanges } from './reapply-log.ts';
import { registerApplications } from './register-applications.ts';

const usage = `Usage (with auth-service's environment):
  node src/commands.ts create-account --username NAME --roles ROLE[,ROLE]   reads the password from standard input
  node src/commands.ts create-accounts    one {"username", "password", "roles"} per line of standard input;
                                          existing accounts are not changed
  node src/commands.ts register-applications   one {"id", "name", "redirect_uris", "scopes", "secret"} per line of
                                          standard input; an existing application becomes what its line says.
                                          Our own clients: {"id", "name", "kind", "redirect_uris"}
  node src/commands.ts rotate-key         sign with the next key from now on
  node src/commands.ts revoke-key KID     refuse every token that this key signed, everywhere, from now on;
                                          after an error, run it again to complete the revocation
  node src/commands.ts reapply-log        after a restore: reads auth-service's log since the backup from standard
                                          input, and does again what took access away; names what is left to do
`;

/** How many operands each command takes. */
const commands: Readonly<Record<string, number>> = {
  'create-account': 0,
  'create-accounts': 0,
  'register-applications': 0,
  'rotate-key': 0,
  'revoke-key': 1,
  'reapply-log': 0,
};

const newAccountSchema = Type.Object({
  username: Type.String(),
  password: Type.String(),
  roles: Type.Array(Type.String()),
});

/** The environment and streams of a command: those of the process, or a test's. */
export type CommandContext = {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
};

/**
 * Runs one of the operator's commands. They use auth-service's own stores, whether or not the service is running.
 *
 * @returns the exit code: 0; 1 when the command was refused, with the reason on stderr; 2 for an unknown command
 * @throws when the command cannot run, for example because a setting is missing
 */
export async function runCommand(args: readonly string[], context: CommandContext): Promise<number> {
  const { values, positionals } = readArguments(args);
  const [command, ...operands] = positionals;
  if (command === undefined || commands[command] !== operands.length) {
    context.stderr.write(usage);
    return 2;
  }
  try {
    await run({ command, operands, values }, context);
    return 0;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    // A refusal is a result. Its code lets a script tell "exists already" from a failure.
    context.stderr.write(`${error.code}: ${error.message}\n`);
    return 1;
  }
}

/** Returns no command for an unknown option, so that the usage is shown. */
function readArguments(args: readonly string[]): Arguments {
  const options = { username: { type: 'string' }, roles: { type: 'string' } } as const;
  const [command = '', ...operands] = args;
  // Not parsed for options, because a key's id is base64url, and one in 64 begins with a dash.
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

async function run(task: Task, context: CommandContext): Promise<void> {
  const { command, operands } = task;
  const { env, stdout } = context;
  const config = readConfig(env);
  const database = await openAuthDatabase(config);
  const { db } = database;
  const log = createLogger({ name: 'auth-service', level: 'warn' });
  const audit = createAuditLog({ db, log, clock: Date.now });
  const stores = { config, db, log, audit };
  try {
    if (command === 'rotate-key') stdout.write(await rotateKey(stores));
    else if (command === 'revoke-key') stdout.write(await revokeKey(stores, operands[0] ?? ''));
    else if (command === 'reapply-log') await reapplyLog(context, stores);
    else if (command === 'register-applications') stdout.write(await registerFromInput(context, stores));
    else await createAccountsFromInput(task, { context, stores });
  } finally {
    await audit.close();
    await database.close();
  }
}

async function rotateKey(stores: Stores): Promise<string> {
  // A rotation publishes no revocation, so it needs no Redis.
  const keyRing = keyRingOf(stores, () => Promise.reject(new Error('A rotation revokes nothing.')));
  return `${JSON.stringify(await keyRing.rotate())}\n`;
}

async function revokeKey(stores: Stores, kid: string): Promise<string> {
  const redis = connect(stores.config);
  try {
    const { publish } = revocationLogOf(stores, redis);
    return `${JSON.stringify(await keyRingOf(stores, publish).revoke(kid))}\n`;
  } finally {
    redis.disconnect();
  }
}

async function reapplyLog({ stdin, stdout }: CommandContext, stores: Stores): Promise<void> {
  const { config } = stores;
  const changes = await readLoggedChanges(stdin);
  const redis = connect(config);
  try {
    const { publish } = revocationLogOf(stores, redis);
    const shared = {
      redis,
      shards: config.REDIS_SHARDS,
      revocationSeconds: retentionOf(config),
      // Whoever restores Redis has decided that it is the right one.
      dataSets: { confirm: async () => {}, confirmMost: async () => {} },
      clock: Date.now,
    };
    stdout.write(`${changes.events} audit events\n`);
    await reapplyChanges(changes, {
      ...stores,
      publish,
      keyRing: keyRingOf(stores, publish),
      sessions: createSessionsOfSubject(shared),
      logins: createLoginStore(shared),
      clock: Date.now,
      tell: (text) => stdout.write(`${text}\n`),
    });
  } finally {
    redis.disconnect();
  }
}

function revocationLogOf({ config }: Stores, redis: RedisClient): RevocationLog {
  return createRevocationLog({
    redis,
    redisUrl: config.REDIS_URL,
    shards: config.REDIS_SHARDS,
    revocationSeconds: retentionOf(config),
    clock: Date.now,
    onError: () => {},
  });
}

function retentionOf({ KEY_SKEW_SECONDS: skewSeconds }: AuthConfig): number {
  return retentionSeconds({ tokenSeconds: maxAccessTokenSeconds, skewSeconds });
}

function connect({ REDIS_URL: url, REDIS_TIMEOUT_MS: commandTimeoutMs }: AuthConfig): RedisClient {
  return connectRedis({ url, commandTimeoutMs, onError: () => {} });
}

function keyRingOf({ config, ...stores }: Stores, publish: RevocationLog['publish']): KeyRing {
  return createKeyRing({
    ...stores,
    clock: Date.now,
    publish,
    keyEncryptionKeys: parseKeyEncryptionKeys(config.KEY_ENCRYPTION_KEY),
    jwksMaxAgeSeconds: config.JWKS_MAX_AGE_SECONDS,
    skewSeconds: config.KEY_SKEW_SECONDS,
    tokenSeconds: maxAccessTokenSeconds,
    rotationDays: config.KEY_ROTATION_DAYS,
  });
}

async function registerFromInput({ stdin }: CommandContext, stores: Stores): Promise<string> {
  const configured = clientsOf(stores.config);
  const { firstParty } = configured;
  const applications = createApplications({ ...stores, firstParty, clock: Date.now });
  return registerApplications(await readInput(stdin), { applications, configured });
}

async function createAccountsFromInput(
  { command, values }: Task,
  { context, stores }: { context: CommandContext; stores: Stores },
): Promise<void> {
  const { stdin, stdout } = context;
  const { config, db, audit } = stores;
  const redis = connect(config);
  try {
    const accounts = await createAccounts({
      db,
      redis,
      audit,
      clock: Date.now,
      randomBytes,
      pseudonymKey: parseKeyEncryptionKeys(config.KEY_ENCRYPTION_KEY).deriveKey('pseudonyms'),
      hashConcurrency: 1,
      // A new account has no sessions yet.
      sessions: { find: async () => undefined, endAll: async () => [], changeRoles: async () => {} },
    });
    const input = await readInput(stdin);
    if (command === 'create-account') {
      const { username = '', roles = '' } = values;
      const password = input.replace(/\r?\n$/, '');
      const account = await accounts.create({ username, password, roles: roles.split(',') });
      stdout.write(`${account.id}\n`);
    } else {
      for (const account of parseJsonLines(input, newAccountSchema, 'an account'))
        stdout.write(await createUnlessThere(accounts, account));
    }
  } finally {
    redis.disconnect();
  }
}

async function createUnlessThere(
  accounts: Accounts,
  account: Static<typeof newAccountSchema>,
): Promise<string> {
  try {
    const { id } = await accounts.create(account);
    return `${account.username}: ${id}\n`;
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'username_taken') throw error;
    return `${account.username}: exists\n`;
  }
}
