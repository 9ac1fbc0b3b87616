import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { sessionEnded } from '../tokens/session-ended.ts';
import type { Account } from './account.ts';
import type { AccountSessions } from './account-sessions.ts';
import type { AccountStore } from './account-store.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import { refuseWeakPassword } from './new-password.ts';
import type { PasswordHasher } from './password-hash.ts';
import { passwordText } from './password-text.ts';
import { invalidCredentials, isInvalidCredentials, unchangedPassword } from './refusals.ts';
import type { SignIn } from './sign-in.ts';

/** How long after a change a failing request may be treated as its repetition. */
const repeatedWithinMs = 10 * 60_000;

export type PasswordChangeParts = {
  readonly store: AccountStore;
  readonly sessions: AccountSessions;
  readonly signIn: SignIn;
  readonly hasher: PasswordHasher;
  readonly hashing: ConcurrencyLimit;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type PasswordChange = {
  readonly subject: string;
  /** The session of the request. It is not ended. */
  readonly sessionId: string;
  readonly clientId: string;
  /** Not looked at when the account has none yet. Then the caller has checked that the person has just signed in. */
  readonly currentPassword: string | undefined;
  readonly newPassword: string;
  readonly endOtherSessions: boolean;
  readonly origin: Origin;
};

/**
 * Changes or sets a person's password, and ends their other sessions if requested. A wrong current password counts
 * against the same limits as at sign-in, and costs the same.
 *
 * The change and the end of the other sessions belong together (docs/decisions/0026). The sessions end first, while no
 * sign-in with the old password can succeed. If they cannot be ended, the password does not change. Repeating the
 * request does no harm: within ten minutes of the change it succeeds without changing anything.
 *
 * Rejects with ProblemError 400 `weak_password` (the member `rule` says why), 401 `session_ended`, 503 when a store
 * does not answer, and with what signIn rejects with.
 */
export function createPasswordChange(parts: PasswordChangeParts): (change: PasswordChange) => Promise<void> {
  const { store, sessions, signIn, hasher, hashing, audit, clock } = parts;

  return async (change) => {
    const { subject, sessionId, currentPassword, newPassword } = change;
    if ((await sessions.find(subject, sessionId)) === undefined) throw sessionEnded();
    const account = await store.find(subject);
    if (account === undefined) throw invalidCredentials();
    await refuseWeakPassword(newPassword, account.username);
    if (currentPassword !== undefined && passwordText(newPassword) === passwordText(currentPassword))
      throw unchangedPassword();

    const proven = await proveCurrent(change, account);
    if (proven !== undefined && (await replace(change, proven))) return;
    // The password has changed meanwhile. If it is the new one, this request repeats the one that changed it.
    await prove(change, account, newPassword);
    await endOthers(change);
  };

  /** Returns undefined when the password is wrong, but may have been right until recently. */
  async function proveCurrent(change: PasswordChange, account: Account): Promise<Account | undefined> {
    if (!account.hasPassword) return account;
    try {
      return await prove(change, account, change.currentPassword ?? '');
    } catch (error) {
      if (isInvalidCredentials(error) && (await wasChangedLately(account.id))) return undefined;
      throw error;
    }
  }

  /** Reads the account again, because this request may have waited while its own repetition changed the password. */
  async function wasChangedLately(id: string): Promise<boolean> {
    const changedAt = (await store.find(id))?.passwordChangedAt;
    // Also bounded in the future, because a change in the future comes from a wrong clock.
    return changedAt != null && Math.abs(clock() - changedAt.getTime()) < repeatedWithinMs;
  }

  function prove(change: PasswordChange, { username }: Account, password: string): Promise<Account> {
    const { sessionId, clientId, origin } = change;
    return signIn({ username, password, sessionId, clientId, ...origin });
  }

  async function replace(change: PasswordChange, proven: Account): Promise<boolean> {
    const { subject, sessionId, clientId, origin } = change;
    const passwordHash = await hashing.run(() => hasher.hash(change.newPassword));
    const isReplaced = await store.replacePassword(proven, passwordHash, () => endOthers(change));
    if (isReplaced)
      audit.record({ event: 'account.password_changed', subject, sessionId, clientId, ...origin });
    return isReplaced;
  }

  async function endOthers(change: PasswordChange): Promise<void> {
    if (!change.endOtherSessions) return;
    const { subject, clientId, origin } = change;
    const reason = 'password_changed';
    for (const sessionId of await sessions.endAll(subject, reason, change.sessionId)) {
      audit.record({ event: 'session.ended', subject, sessionId, clientId, ...origin, details: { reason } });
    }
  }
}
