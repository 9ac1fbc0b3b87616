import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { scopesOf } from '../permissions/roles.ts';
import type { Account } from './account.ts';
import type { AccountSessions } from './account-sessions.ts';
import type { AccountStore } from './account-store.ts';
import { accountNotFound, ownAccount } from './refusals.ts';
import { rolesOr400 } from './roles-or-400.ts';
import { isUsername, normaliseUsername } from './username.ts';

export type ManagementParts = {
  readonly store: AccountStore;
  readonly sessions: AccountSessions;
  readonly audit: Pick<AuditLog, 'record'>;
};

/** An operator's change of an account. */
type Change = Origin & {
  readonly id: string;
  /** The operator's own account. */
  readonly actor: string;
};

/**
 * What operators do with other people's accounts. Each change is written to the database first and then applied to the
 * sessions. If the session store is unavailable, it rejects with 503, and repeating the request completes the change.
 *
 * Does not check that the actor may do it: the route has done so.
 */
export function createAccountManagement({ store, sessions, audit }: ManagementParts) {
  return {
    /** Normalises the name. Returns undefined when there is no such account. */
    async findByUsername(typed: string): Promise<Account | undefined> {
      const username = normaliseUsername(typed);
      return isUsername(username) ? store.findByUsername(username) : undefined;
    },

    /**
     * Changes the roles of an account. They take effect at once: the person's access tokens are revoked, and the next
     * refresh of each session returns the new scopes.
     *
     * Rejects with ProblemError 404 `account_not_found`, 400 `unknown_role`, 409 `own_account` when operators would
     * take accounts:manage from themselves, and 503 when the session store is unavailable.
     */
    async changeRoles(change: Change & { readonly roles: readonly string[] }): Promise<Account> {
      const { id, actor, roles: names, ...origin } = change;
      const roles = rolesOr400(names);
      if (id === actor && !scopesOf(roles).includes('accounts:manage')) throw ownAccount();
      const changed = await store.replaceRoles(id, roles);
      if (changed === undefined) throw accountNotFound();
      const { account, before } = changed;
      const details = { actor, before, after: account.roles };
      audit.record({ ...origin, event: 'account.roles_changed', subject: id, details });
      await sessions.changeRoles(id, { roles: account.roles, rolesVersion: account.rolesVersion });
      return account;
    },

    /**
     * Disables or enables an account. Disabling ends all its sessions. Sign-ins to a disabled account get the same
     * answer as a wrong password.
     *
     * Rejects with ProblemError 404 `account_not_found`, 409 `own_account` when operators would disable themselves, and
     * 503 when the session store is unavailable.
     */
    async changeStatus(change: Change & { readonly status: 'active' | 'disabled' }): Promise<Account> {
      const { id, actor, status, ...origin } = change;
      const isDisabled = status === 'disabled';
      if (id === actor && isDisabled) throw ownAccount();
      const changed = await store.setDisabled(id, isDisabled);
      if (changed === undefined) throw accountNotFound();
      if (changed.isNews) {
        const event = isDisabled ? 'account.disabled' : 'account.enabled';
        audit.record({ ...origin, event, subject: id, details: { actor } });
      }
      if (isDisabled) await endAll(id, { actor, origin });
      return changed.account;
    },
  };

  /** Runs even if the account was already disabled, because the earlier request may have failed before this step. */
  async function endAll(subject: string, by: { actor: string; origin: Origin }): Promise<void> {
    const details = { reason: 'account_disabled', actor: by.actor } as const;
    for (const sessionId of await sessions.endAll(subject, details.reason)) {
      audit.record({ ...by.origin, event: 'session.ended', subject, sessionId, details });
    }
  }
}
