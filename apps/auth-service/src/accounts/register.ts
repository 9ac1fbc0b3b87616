import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Transaction } from '../database/schema.ts';
import type { Role } from '../permissions/roles.ts';
import type { Account } from './account.ts';
import type { AccountStore } from './account-store.ts';
import type { Attempts } from './attempts.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import { refuseWeakPassword } from './new-password.ts';
import type { PasswordHasher } from './password-hash.ts';
import { invalidUsername, tooManyAttempts, usernameTaken } from './refusals.ts';
import { rolesOr400 } from './roles-or-400.ts';
import { isUsername, normaliseUsername } from './username.ts';

const idBytes = 16;

export type RegisterParts = {
  readonly store: AccountStore;
  readonly attempts: Attempts;
  readonly hasher: PasswordHasher;
  readonly hashing: ConcurrencyLimit;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly randomBytes: (size: number) => Buffer;
};

export type Registration = Origin & {
  readonly username: string;
  readonly password: string;
};

/**
 * Makes accounts: `register` for people who register themselves, limited per network; `create` for operators, who
 * choose the roles.
 *
 * Both reject with ProblemError 400 `invalid_username`, `weak_password` (the member `rule` says why) or `unknown_role`,
 * 409 `username_taken`, 503 `busy`; `register` also with 429 `too_many_attempts`.
 *
 * @example
 * const account = await register({ username: 'Alice', password, address: request.ip });
 */
export function createRegistration(parts: RegisterParts) {
  const { store, attempts, hasher, hashing, audit } = parts;

  return {
    async register(registration: Registration): Promise<Account> {
      const { username, password, ...origin } = registration;
      const valid = await validated(username, password);
      const waitMs = await attempts.admitRegistration(origin.address);
      if (waitMs > 0) throw tooManyAttempts(waitMs);
      const account = await insert({ ...valid, roles: ['customer'] }, origin);
      // The account exists now, so a failure of Redis is ignored.
      await attempts.welcome({ username: account.username, address: origin.address }).catch(() => {});
      return account;
    },

    /**
     * Makes an account without a password, for somebody who signs in at this provider. `link` ties it to them in the
     * same transaction; when it returns false, there is no account and the result is undefined.
     *
     * Rejects with ProblemError 429 `too_many_attempts`.
     */
    async registerElsewhere(
      { provider, ...origin }: Origin & { readonly provider: string },
      link: (accountId: string, transaction: Transaction) => Promise<boolean>,
    ): Promise<Account | undefined> {
      const waitMs = await attempts.admitRegistration(origin.address);
      if (waitMs > 0) throw tooManyAttempts(waitMs);
      const id = parts.randomBytes(idBytes).toString('base64url');
      // People do not type it. It says nothing about them, and nobody can have it.
      const username = `guest-${parts.randomBytes(8).toString('hex')}`;
      const account = { id, username, passwordHash: null, roles: ['customer'] } as const;
      const inserted = await store.insertTogether(account, (transaction) => link(id, transaction));
      if (inserted === undefined) return undefined;
      const details = { roles: inserted.roles, provider };
      audit.record({ ...origin, event: 'account.created', subject: id, details });
      return inserted;
    },

    async create(account: {
      username: string;
      password: string;
      roles: readonly string[];
    }): Promise<Account> {
      const roles = rolesOr400(account.roles);
      return insert({ ...(await validated(account.username, account.password)), roles }, {});
    },
  };

  async function insert(
    { username, password, roles }: { username: string; password: string; roles: readonly Role[] },
    origin: Origin,
  ): Promise<Account> {
    const id = parts.randomBytes(idBytes).toString('base64url');
    const passwordHash = await hashing.run(() => hasher.hash(password));
    const account = await store.insert({ id, username, passwordHash, roles });
    if (account === undefined) throw usernameTaken();
    audit.record({ ...origin, event: 'account.created', subject: id, details: { roles } });
    return account;
  }
}

async function validated(typed: string, password: string): Promise<{ username: string; password: string }> {
  const username = normaliseUsername(typed);
  if (!isUsername(username)) throw invalidUsername();
  await refuseWeakPassword(password, username);
  return { username, password };
}
