import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Account } from './account.ts';
import type { AccountStore } from './account-store.ts';
import type { Attempts, SignInAttempt } from './attempts.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import type { PasswordHasher } from './password-hash.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { invalidCredentials, tooManyAttempts } from './refusals.ts';
import { isUsername, normaliseUsername } from './username.ts';

export type SignInParts = {
  readonly store: AccountStore;
  readonly attempts: Attempts;
  readonly hasher: PasswordHasher;
  readonly hashing: ConcurrencyLimit;
  readonly pseudonyms: Pseudonyms;
  readonly audit: Pick<AuditLog, 'record'>;
};

export type Credentials = Origin & {
  readonly username: string;
  readonly password: string;
  readonly clientId?: string;
  /** The session in which a signed-in person authenticates again. */
  readonly sessionId?: string;
};

export type SignIn = (credentials: Credentials) => Promise<Account>;

/**
 * Checks a user name and a password, and returns the account. For an unknown name, a wrong password and a disabled
 * account, it takes the same steps at the same cost and gives the same answer (ASVS 5.0 6.3.8).
 *
 * Does not start a session and does not record the success: the caller does both, with the session's id.
 *
 * Rejects with ProblemError 401 `invalid_credentials`, 429 `too_many_attempts` (Retry-After), 503 `busy` when too many
 * sign-ins are waiting, and 503 when a store does not answer.
 *
 * @example
 * const account = await signIn({ username: 'alice', password, address: request.ip });
 */
export function createSignIn(parts: SignInParts): SignIn {
  const { store, attempts, hasher, hashing, audit } = parts;

  // The whole sign-in runs in one turn, so counted but undecided attempts never outnumber the running ones.
  return (credentials) => hashing.run(() => signIn(credentials));

  async function signIn(credentials: Credentials): Promise<Account> {
    const { username: typed, password, address } = credentials;
    const username = normaliseUsername(typed);
    const admission = await attempts.admitSignIn({ username, address });
    if (!admission.admitted) {
      if (admission.isNews) record('sign_in.limited', credentials, {});
      throw tooManyAttempts(admission.retryAfterMs);
    }

    const { found, isRight } = await orAbandon(admission.attempt, () => check(username, password));
    if (found === undefined || !isRight || found.account.disabledAt !== null) {
      record('sign_in.failed', credentials, { subject: found?.account.id });
      throw invalidCredentials();
    }

    await attempts.forgive(admission.attempt);
    const { passwordHash } = found;
    if (passwordHash !== null && hasher.needsRehash(passwordHash)) {
      await store.replacePasswordHash(found.account.id, {
        from: passwordHash,
        to: await hasher.hash(password),
      });
    }
    return found.account;
  }

  async function check(username: string, password: string) {
    // Invalid names are not looked up. Some, such as those with a NUL character, Postgres cannot even compare.
    const found = isUsername(username) ? await store.findWithPassword(username) : undefined;
    return { found, isRight: await hasher.verify(password, found?.passwordHash ?? undefined) };
  }

  async function orAbandon<T>(attempt: SignInAttempt, step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      await attempts.abandon(attempt).catch(() => {});
      throw error;
    }
  }

  function record(
    event: 'sign_in.limited' | 'sign_in.failed',
    credentials: Credentials,
    about: { subject?: string | undefined },
  ): void {
    const { username, password: _, ...from } = credentials;
    // Not the name itself, because people type passwords into the name field.
    const details = { username_pseudonym: parts.pseudonyms.username(normaliseUsername(username)) };
    audit.record({ ...from, ...about, event, details });
  }
}
