import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/schema.ts';
import type { RedisClient } from '../redis/client.ts';
import type { AccountSessions } from './account-sessions.ts';
import { createAccountStore } from './account-store.ts';
import { createAttempts } from './attempts.ts';
import { createConcurrencyLimit } from './concurrency-limit.ts';
import { createAccountManagement } from './management.ts';
import { createPasswordChange } from './password-change.ts';
import { createPasswordHasher, type Derive } from './password-hash.ts';
import { createPseudonyms } from './pseudonyms.ts';
import { tooManyAttempts } from './refusals.ts';
import { createRegistration } from './register.ts';
import { createSignIn } from './sign-in.ts';

/**
 * About three seconds of hashing, two at a time: room for a burst of honest sign-ins, and no longer than people wait.
 */
const maxWaitingForAHash = 200;

export type AccountsOptions = {
  readonly db: Database;
  readonly redis: RedisClient;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly randomBytes: (size: number) => Buffer;
  /** 32 bytes, for pseudonyms of names and networks. When it changes, all counts start again. */
  readonly pseudonymKey: Buffer;
  /** How many passwords are hashed at a time, with 19 MiB each. */
  readonly hashConcurrency: number;
  /** Changes of an account also change its sessions: see password-change.ts and management.ts. */
  readonly sessions: AccountSessions;
  /** Default: node:crypto's argon2id. */
  readonly derive?: Derive;
};

export type Accounts = Awaited<ReturnType<typeof createAccounts>>;

/**
 * People's accounts: registration, sign-in, passwords, roles, and disabling.
 *
 * @example
 * const accounts = await createAccounts({ db, redis, audit, clock: Date.now, randomBytes, pseudonymKey,
 *   hashConcurrency: 2, sessions });
 * const account = await accounts.signIn({ username: 'alice', password, address: request.ip });
 */
export async function createAccounts(options: AccountsOptions) {
  const { db, redis, audit, clock, sessions, randomBytes, derive } = options;
  const pseudonyms = createPseudonyms(options.pseudonymKey);
  const store = createAccountStore({ db, clock });
  const attempts = createAttempts({ redis, clock, pseudonyms });
  const hasher = await createPasswordHasher({ randomBytes, ...(derive && { derive }) });
  const hashing = createConcurrencyLimit({
    running: options.hashConcurrency,
    waiting: maxWaitingForAHash,
  });

  const signIn = createSignIn({ store, attempts, hasher, hashing, pseudonyms, audit });

  return {
    ...createRegistration({ store, attempts, hasher, hashing, audit, randomBytes }),
    ...createAccountManagement({ store, sessions, audit }),
    signIn,
    changePassword: createPasswordChange({ store, sessions, signIn, hasher, hashing, audit, clock }),

    /**
     * Counts an authorization request that is kept for somebody who may not have signed in yet. Rejects with ProblemError
     * 429 `too_many_attempts`, and 503 when Redis does not answer.
     */
    async admitAuthorization(address: string | undefined): Promise<void> {
      const waitMs = await attempts.admitAuthorization(address);
      if (waitMs > 0) throw tooManyAttempts(waitMs);
    },

    /** Counts an application that registers itself. Rejects likewise. */
    async admitClient(address: string | undefined): Promise<void> {
      const waitMs = await attempts.admitClient(address);
      if (waitMs > 0) throw tooManyAttempts(waitMs);
    },

    /** Returns undefined when there is no such account. */
    find: store.find,
    /** As find, but waits for a concurrent change of the account. */
    findSettled: store.findSettled,
    /** Runs a task while nobody else can change this account. Undefined when there is none. */
    locked: store.locked,
  };
}
