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

/** What an operator changes of an account. */
type Change = Origin & {
  readonly id: string;
  /** The operator's own account. */
  readonly actor: string;
};

/**
 * What operators do with other people's accounts. Each change is in the database first and then reaches the sessions.
 * When those cannot be reached, it rejects with 503, and the same request again completes it.
 *
 * Does not check that the actor may do it: the route has.
 */
export function createAccountManagement({ store, sessions, audit }: ManagementParts) {
  return {
    /** Returns undefined when nobody has the name, however it is written. */
    async findByUsername(typed: string): Promise<Account | undefined> {
      const username = normaliseUsername(typed);
      return isUsername(username) ? store.findByUsername(username) : undefined;
    },

    /**
     * Gives an account other roles. They count at once: access tokens of this person that are out are revoked, and the
     * next refresh of each session brings the new scopes.
     *
     * Rejects with ProblemError 404 `account_not_found`, 400 `unknown_role`, 409 `own_account` for who would take from
     * themselves what lets them give it back, 503 when sessions cannot be reached.
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
     * Disables an account, which ends all its sessions and has every sign-in answer as a wrong password does; or lets
     * it sign in again.
     *
     * Rejects with ProblemError 404 `account_not_found`, 409 `own_account` for who would disable themselves, 503 when
     * sessions cannot be reached.
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

  /** Also when the account was disabled before: whoever did it may not have come as far as this. */
  async function endAll(subject: string, by: { actor: string; origin: Origin }): Promise<void> {
    const details = { reason: 'account_disabled', actor: by.actor } as const;
    for (const sessionId of await sessions.endAll(subject, details.reason)) {
      audit.record({ ...by.origin, event: 'session.ended', subject, sessionId, details });
    }
  }
}
