import type { Account } from '../accounts/account.ts';
import type { AccountSessions } from '../accounts/account-sessions.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Federation } from './federation.ts';
import type { Identity, IdentityStore } from './identity-store.ts';
import type { Provider, UpstreamPerson } from './provider.ts';
import { UpstreamError } from './upstream-error.ts';

/** The session from which a person changes how they can sign in. It goes on. */
export type Changing = {
  readonly subject: string;
  readonly sessionId: string;
  readonly clientId: string;
  readonly origin: Origin;
};

export type Identities = ReturnType<typeof createIdentities>;

export type IdentitiesParts = {
  readonly store: IdentityStore;
  readonly federation: Pick<Federation, 'find'>;
  readonly accounts: Pick<Accounts, 'find' | 'locked' | 'registerElsewhere'>;
  readonly sessions: Pick<AccountSessions, 'endAll' | 'find'>;
  readonly audit: Pick<AuditLog, 'record'>;
};

/**
 * People's accounts at other providers, and ours to which they are linked. No rule looks at an e-mail address or a name,
 * so nobody gets into an account by having the same one.
 *
 * Whoever changes how a person can sign in also ends all their other sessions, as a changed password does. They end
 * first: if they cannot be ended, nothing changes.
 */
export function createIdentities(parts: IdentitiesParts) {
  const { store, federation, accounts, sessions, audit } = parts;

  return {
    list: (accountId: string): Promise<readonly Identity[]> => store.list(accountId),

    /** The account to which an identity is linked; undefined when there is none. */
    async find(person: Pick<UpstreamPerson, 'issuer' | 'subject'>): Promise<Account | undefined> {
      const id = await store.accountOf(person);
      return id === undefined ? undefined : accounts.find(id);
    },

    /**
     * The account of somebody who has signed in at a provider. The first time it is a new one.
     *
     * Rejects with UpstreamError `refused` for a disabled account; with ProblemError 429 `too_many_attempts` when too
     * many accounts were made from this network.
     */
    async accountOf(provider: Provider, person: UpstreamPerson, origin: Origin): Promise<Account> {
      const account =
        (await this.find(person)) ??
        (await begin(provider, person, origin)) ??
        // It was linked meanwhile: the same sign-in in another tab.
        (await this.find(person));
      if (account !== undefined && account.disabledAt === null) return account;
      const details = { provider: provider.id };
      audit.record({ event: 'sign_in.failed', subject: account?.id, ...origin, details });
      throw new UpstreamError('refused', 'the account cannot be used');
    },

    /** Links an identity. 'known': it was linked to this account before; 'taken': to another one. */
    async link(
      changing: Changing,
      provider: Provider,
      person: UpstreamPerson,
    ): Promise<'linked' | 'known' | 'taken' | 'over'> {
      const { subject, sessionId } = changing;
      let isOver = false;
      const isNews = await accounts.locked(subject, async ({ disabledAt }, transaction) => {
        // The person may have been signed out while they were at the provider. Whoever does that holds this lock too.
        isOver = disabledAt !== null || (await sessions.find(subject, sessionId)) === undefined;
        if (isOver || !(await store.insert(transaction, subject, provider.id, person))) return false;
        await endOthers(changing);
        return true;
      });
      if (isNews === true) {
        record('identity.linked', changing, provider.id);
        return 'linked';
      }
      if (isOver) return 'over';
      return (await store.accountOf(person)) === subject ? 'known' : 'taken';
    },

    /**
     * Unlinks an identity. 'last': the account has no password and no other identity of a provider that is configured,
     * so nobody could sign in to it any more; undefined: it has no identity with this id.
     */
    async unlink(changing: Changing, id: string): Promise<'unlinked' | 'last' | undefined> {
      const done = await accounts.locked(changing.subject, async ({ hasPassword }, transaction) => {
        const all = await store.list(changing.subject, transaction);
        const found = all.find((identity) => identity.id === id);
        if (found === undefined) return undefined;
        const others = all.filter((identity) => identity !== found);
        if (!hasPassword && !others.some(({ provider }) => federation.find(provider))) return 'last';
        await store.remove(transaction, id);
        await endOthers(changing);
        return found;
      });
      if (done === undefined || done === 'last') return done;
      record('identity.unlinked', changing, done.provider);
      return 'unlinked';
    },
  };

  async function begin(
    provider: Provider,
    person: UpstreamPerson,
    origin: Origin,
  ): Promise<Account | undefined> {
    const details = { provider: provider.id };
    const account = await accounts.registerElsewhere({ ...origin, ...details }, (id, transaction) =>
      store.insert(transaction, id, provider.id, person),
    );
    if (account !== undefined)
      audit.record({ event: 'identity.linked', subject: account.id, ...origin, details });
    return account;
  }

  async function endOthers({ subject, sessionId: except, clientId, origin }: Changing): Promise<void> {
    const reason = 'ways_in_changed';
    for (const sessionId of await sessions.endAll(subject, reason, except))
      audit.record({ event: 'session.ended', subject, sessionId, clientId, ...origin, details: { reason } });
  }

  function record(
    event: 'identity.linked' | 'identity.unlinked',
    { subject, sessionId, clientId, origin }: Changing,
    provider: string,
  ): void {
    audit.record({ event, subject, sessionId, clientId, ...origin, details: { provider } });
  }
}
