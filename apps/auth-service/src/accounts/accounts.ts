import type { Redis } from 'ioredis';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/schema.ts';
import type { Account } from './account.ts';
import { createAccountStore } from './account-store.ts';
import { createAttempts } from './attempts.ts';
import { createConcurrencyLimit } from './concurrency-limit.ts';
import { createPasswordHasher, type Derive } from './password-hash.ts';
import { createPseudonyms } from './pseudonyms.ts';
import { accountNotFound } from './refusals.ts';
import { createRegistration, rolesOr400 } from './register.ts';
import { createSignIn } from './sign-in.ts';

/** Some three seconds of hashing at two at a time: longer than anybody waits, and a burst of honest sign-ins fits. */
const MOST_WAITING_FOR_A_HASH = 200;

export type AccountsOptions = {
  readonly db: Database;
  readonly redis: Redis;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly randomBytes: (size: number) => Buffer;
  /** 32 bytes; names and networks are pseudonymised under it. When it changes, counts begin anew. */
  readonly pseudonymKey: Buffer;
  /** How many passwords are hashed at a time, each 19 MiB. */
  readonly hashConcurrency: number;
  /** Told after an account was given other roles; what it does is part of the change, and can be done again. */
  readonly onRolesChanged: (account: Account) => Promise<void>;
  /** Default node:crypto's argon2id. */
  readonly derive?: Derive;
};

export type Accounts = Awaited<ReturnType<typeof createAccounts>>;

/**
 * People: registration, sign-in, roles.
 *
 * @example
 * const accounts = await createAccounts({ db, redis, audit, clock: Date.now, randomBytes, pseudonymKey,
 *   hashConcurrency: 2 });
 * const account = await accounts.signIn({ username: 'alice', password, address: request.ip });
 */
export async function createAccounts(options: AccountsOptions) {
  const { db, redis, audit, clock, randomBytes, derive } = options;
  const pseudonyms = createPseudonyms(options.pseudonymKey);
  const store = createAccountStore({ db, clock });
  const attempts = createAttempts({ redis, clock, pseudonyms });
  const hasher = await createPasswordHasher({ randomBytes, ...(derive && { derive }) });
  const hashing = createConcurrencyLimit({
    running: options.hashConcurrency,
    waiting: MOST_WAITING_FOR_A_HASH,
  });

  return {
    ...createRegistration({ store, attempts, hasher, hashing, audit, randomBytes }),

    signIn: createSignIn({ store, attempts, hasher, hashing, pseudonyms, audit }),

    /** Returns undefined when there is none. */
    find: store.find,

    /**
     * Gives an account other roles. They count from the next access token that is issued for it, in sessions under way
     * too; tokens that exist keep their scopes until they expire. Rejects with ProblemError 404 `account_not_found`,
     * 400 `unknown_role`; 503 when sessions cannot be reached: then the same request again completes the change.
     */
    async changeRoles(
      change: Origin & { id: string; roles: readonly string[]; actor: string },
    ): Promise<Account> {
      const { id, roles, actor, ...origin } = change;
      const changed = await store.replaceRoles(id, rolesOr400(roles));
      if (changed === undefined) throw accountNotFound();
      const { account, before } = changed;
      audit.record({
        ...origin,
        event: 'account.roles_changed',
        subject: id,
        details: { actor, before, after: account.roles },
      });
      await options.onRolesChanged(account);
      return account;
    },
  };
}
