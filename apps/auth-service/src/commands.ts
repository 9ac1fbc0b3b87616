import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { createLogger, ProblemError, startService } from '@latchkey/service-kit';
import { type NewAccount, parseAccountLines } from './accounts/account-lines.ts';
import { type Accounts, createAccounts } from './accounts/accounts.ts';
import { type AuditLog, createAuditLog } from './audit/audit-log.ts';
import { type AuthConfig, LONGEST_ACCESS_TOKEN_SECONDS, readConfig } from './config.ts';
import { type AuthDatabase, openAuthDatabase } from './database/open-auth-database.ts';
import { parseKeyEncryptionKeys } from './keys/encryption.ts';
import { createKeyRing } from './keys/key-ring.ts';
import { connectRedis } from './redis/connection.ts';

const USAGE = `Usage (with auth-service's environment):
  node src/commands.ts create-account --username NAME --roles ROLE[,ROLE]   the password is read from standard input
  node src/commands.ts create-accounts    one {"username", "password", "roles"} per line of standard input;
                                          an account that exists stays as it is
  node src/commands.ts rotate-key         sign with the next key from now on
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { username: { type: 'string' }, roles: { type: 'string' } },
});
const [command] = positionals;
const commands = ['create-account', 'create-accounts', 'rotate-key'];

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
    await (command === 'rotate-key' ? rotateKey(stores) : createAccountsFromInput(command, stores));
  } finally {
    await audit.close();
    await database.close();
  }
}

async function rotateKey({ config, ...stores }: Stores): Promise<void> {
  const keyRing = createKeyRing({
    ...stores,
    clock: Date.now,
    publish: () => Promise.reject(new Error('the log of revocations is not there yet')),
    keyEncryptionKeys: parseKeyEncryptionKeys(config.KEY_ENCRYPTION_KEY),
    jwksMaxAgeSeconds: config.JWKS_MAX_AGE_SECONDS,
    skewSeconds: config.KEY_SKEW_SECONDS,
    tokenSeconds: LONGEST_ACCESS_TOKEN_SECONDS,
    rotationDays: config.KEY_ROTATION_DAYS,
  });
  process.stdout.write(`${JSON.stringify(await keyRing.rotate())}\n`);
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
    const input = await text(process.stdin);
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

async function createUnlessThere(accounts: Accounts, account: NewAccount): Promise<void> {
  try {
    const { id } = await accounts.create(account);
    process.stdout.write(`${account.username}: ${id}\n`);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'username_taken') throw error;
    process.stdout.write(`${account.username}: exists\n`);
  }
}

if (command === undefined || !commands.includes(command)) {
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
