import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { createLogger, ProblemError, startService } from '@latchkey/service-kit';
import { textOf } from '@latchkey/service-kit/text';
import { type NewAccount, parseAccountLines } from './accounts/account-lines.ts';
import { type Accounts, createAccounts } from './accounts/accounts.ts';
import { type AuditLog, createAuditLog } from './audit/audit-log.ts';
import { type AuthConfig, LONGEST_ACCESS_TOKEN_SECONDS, readConfig } from './config.ts';
import { type AuthDatabase, openAuthDatabase } from './database/open-auth-database.ts';
import { parseKeyEncryptionKeys } from './keys/encryption.ts';
import { createKeyRing, type KeyRing } from './keys/key-ring.ts';
import { connectRedis } from './redis/connection.ts';
import { retentionSeconds } from './revocation/log/revocation.ts';
import { createRevocationLog, type RevocationLog } from './revocation/log/revocation-log.ts';

const USAGE = `Usage (with auth-service's environment):
  node src/commands.ts create-account --username NAME --roles ROLE[,ROLE]   the password is read from standard input
  node src/commands.ts create-accounts    one {"username", "password", "roles"} per line of standard input;
                                          an account that exists stays as it is
  node src/commands.ts rotate-key         sign with the next key from now on
  node src/commands.ts revoke-key KID     have every token that this key signed refused from now on, everywhere;
                                          after an error: once more, which completes what was begun
`;

const { values, positionals } = readArguments();
const [command, ...operands] = positionals;
/** How many operands each command takes. */
const commands: Readonly<Record<string, number>> = {
  'create-account': 0,
  'create-accounts': 0,
  'rotate-key': 0,
  'revoke-key': 1,
};

/** Of an option that there is none of, nothing: it gets the usage. */
function readArguments() {
  const options = { username: { type: 'string' }, roles: { type: 'string' } } as const;
  const [command = '', ...operands] = process.argv.slice(2);
  // A key's id is base64url: one in 64 begins with a dash.
  if (command === 'revoke-key') return { values: {}, positionals: [command, ...operands] };
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch {
    return { values: {}, positionals: [] };
  }
}

type Stores = {
  readonly config: AuthConfig;
  readonly db: AuthDatabase['db'];
  readonly log: ReturnType<typeof createLogger>;
  readonly audit: AuditLog;
};

/** The operator's commands. They work on auth-service's own stores, whether or not it runs. */
async function run(command: string): Promise<void> {
  const config = readConfig(process.env);
  const database = await openAuthDatabase(config);
  const { db } = database;
  const log = createLogger({ name: 'auth-service', level: 'warn' });
  const audit = createAuditLog({ db, log, clock: Date.now });
  const stores = { config, db, log, audit };
  try {
    if (command === 'rotate-key') await rotateKey(stores);
    else if (command === 'revoke-key') await revokeKey(stores, operands[0] ?? '');
    else await createAccountsFromInput(command, stores);
  } finally {
    await audit.close();
    await database.close();
  }
}

async function rotateKey(stores: Stores): Promise<void> {
  // To rotate is no reason to go to Redis.
  const keyRing = keyRingOf(stores, () => Promise.reject(new Error('A rotation revokes nothing.')));
  process.stdout.write(`${JSON.stringify(await keyRing.rotate())}\n`);
}

async function revokeKey(stores: Stores, kid: string): Promise<void> {
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
    process.stdout.write(`${JSON.stringify(await keyRingOf(stores, publish).revoke(kid))}\n`);
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

async function createAccountsFromInput(command: string, { config, db, audit }: Stores): Promise<void> {
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
    const input = await readInput();
    if (command === 'create-account') {
      const { username = '', roles = '' } = values;
      const password = input.replace(/\r?\n$/, '');
      const account = await accounts.create({ username, password, roles: roles.split(',') });
      process.stdout.write(`${account.id}\n`);
    } else {
      for (const account of parseAccountLines(input)) await createUnlessThere(accounts, account);
    }
  } finally {
    redis.disconnect();
  }
}

async function readInput(): Promise<string> {
  const input = textOf(await buffer(process.stdin));
  if (input !== undefined) return input;
  throw new ProblemError({ status: 400, code: 'malformed_input', detail: 'Standard input is not UTF-8.' });
}

async function createUnlessThere(accounts: Accounts, account: NewAccount): Promise<void> {
  try {
    const { id } = await accounts.create(account);
    process.stdout.write(`${account.username}: ${id}\n`);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'username_taken') throw error;
    process.stdout.write(`${account.username}: exists\n`);
  }
}

if (command === undefined || commands[command] !== operands.length) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await startService(async () => {
    try {
      await run(command);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      // A refusal is an answer: its code lets a script tell "exists already" from a fault.
      process.stderr.write(`${error.code}: ${error.message}\n`);
      process.exitCode = 1;
    }
  });
}
