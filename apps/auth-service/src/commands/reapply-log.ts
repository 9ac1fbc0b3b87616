import { ProblemError } from '@latchkey/service-kit';
import { createAccountStore } from '../accounts/account-store.ts';
import { createAccountManagement } from '../accounts/management.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { createClientStatuses } from '../clients/client-statuses.ts';
import { createConsentStore } from '../consents/consent-store.ts';
import type { Database } from '../database/schema.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { LoginStore } from '../logins/login-store.ts';
import type { RevocationLog } from '../revocation/log/revocation-log.ts';
import { type EndReason, endsOfLogins } from '../sessions/session.ts';
import type { SessionsOfSubject } from '../sessions/sessions-of-subject.ts';
import type { LoggedChanges } from './logged-changes.ts';

export type ReapplyParts = {
  readonly db: Database;
  readonly audit: AuditLog;
  readonly log: Parameters<typeof createClientStatuses>[0]['log'];
  readonly keyRing: Pick<KeyRing, 'revoke'>;
  readonly publish: RevocationLog['publish'];
  readonly sessions: SessionsOfSubject;
  readonly logins: Pick<LoginStore, 'endAll' | 'endAlone' | 'ofSession'>;
  readonly clock: () => number;
  /** Called for each thing that was done, and for each that is left to do. */
  readonly tell: (text: string) => void;
};

/** Names this command in the audit log. */
const actor = 'reapply-log';

/**
 * Does again what took access away since a backup: revoked keys and clients, disabled accounts, roles, withdrawn
 * consents, ended sessions and the logins that these began with. Ends the sessions of accounts that the backup lacks.
 * Names the passwords that were changed: only a hash of the new one ever existed, and it is gone. Doing it twice does no
 * harm.
 *
 * Gives nothing back: accounts, links, consents and applications that were new are lost. Does not tell applications of
 * ended sessions.
 *
 * Rejects with ProblemError 503 when Redis does not answer; then run it again.
 */
export async function reapplyChanges(changes: LoggedChanges, parts: ReapplyParts): Promise<void> {
  const { db, clock, audit, sessions, tell } = parts;
  const store = createAccountStore({ db, clock });
  const management = createAccountManagement({
    store,
    audit,
    sessions: {
      ...sessions,
      find: async () => undefined,
      endAll: async (subject, ...rest) => {
        await parts.logins.endAll(subject);
        return sessions.endAll(subject, ...rest);
      },
    },
  });
  await reapplyKeys(changes, parts);
  await reapplyClients(changes, parts);
  for (const [id, isDisabled] of changes.disabled) {
    const status = isDisabled ? 'disabled' : 'active';
    if (await unlessGone(management.changeStatus({ id, actor, status }))) tell(`account ${id}: ${status}`);
  }
  for (const [id, roles] of changes.roles) {
    if (await unlessGone(management.changeRoles({ id, actor, roles })))
      tell(`account ${id}: roles ${roles.join(', ')}`);
  }
  for (const id of changes.subjects) {
    if ((await store.find(id)) !== undefined) continue;
    await parts.logins.endAll(id);
    const ended = await sessions.endAll(id, 'ended_by_operator');
    if (ended.length > 0) tell(`account ${id} is gone: ${ended.length} of its sessions ended`);
  }
  await reapplyEnds(changes, parts);
  await reapplyConsents(changes, parts);
  for (const id of changes.passwords) {
    const account = await store.find(id);
    if (account !== undefined)
      tell(`TO DO: ${account.username} (${id}) changed the password: the one before it may work again`);
  }
  for (const text of changes.byHand) tell(`TO DO: ${text}`);
}

async function reapplyKeys({ keys }: LoggedChanges, { keyRing, tell }: ReapplyParts): Promise<void> {
  for (const kid of keys) {
    // A key that the backup lacks is not published, so no service accepts it.
    if (await unlessGone(keyRing.revoke(kid), 'key_not_found')) tell(`key ${kid}: revoked`);
  }
}

async function reapplyClients({ clients }: LoggedChanges, parts: ReapplyParts): Promise<void> {
  const statuses = createClientStatuses(parts);
  for (const [clientId, isRevoked] of clients) {
    const status = isRevoked ? 'revoked' : 'active';
    await statuses.change({ clientId, status }, { subject: actor, clientId: actor });
    parts.tell(`client ${clientId}: ${status}`);
  }
}

async function reapplyEnds(changes: LoggedChanges, parts: ReapplyParts): Promise<void> {
  const { sessions, logins, audit, tell } = parts;
  for (const [subject, ends] of changes.sessions) {
    let ended = 0;
    for (const [sessionId, reason] of ends) {
      // Whatever its client is, which the backup may lack: at worst the person types their password once more.
      const begun = endsOfLogins.has(reason) ? await logins.ofSession(subject, sessionId) : undefined;
      if (begun !== undefined) await logins.endAlone(begun.login);
      if (!(await sessions.end(subject, sessionId, reason as EndReason))) continue;
      ended += 1;
      audit.record({ event: 'session.ended', subject, sessionId, details: { reason, actor } });
    }
    if (ended > 0) tell(`account ${subject}: ${ended} sessions ended`);
  }
}

async function reapplyConsents(
  changes: LoggedChanges,
  { db, clock, audit, tell }: ReapplyParts,
): Promise<void> {
  const store = createConsentStore({ db, clock });
  for (const [subject, clients] of changes.consents) {
    for (const [clientId, isAllowed] of clients) {
      if (isAllowed || !(await store.withdraw(subject, clientId))) continue;
      audit.record({ event: 'consent.withdrawn', subject, clientId });
      tell(`account ${subject}: consent for ${clientId} withdrawn`);
    }
  }
}

/** Whether it was done; false when what it concerns is not in the backup. */
async function unlessGone(task: Promise<unknown>, code = 'account_not_found'): Promise<boolean> {
  try {
    await task;
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.code === code) return false;
    throw error;
  }
}
