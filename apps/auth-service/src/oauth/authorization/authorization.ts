import type { Account } from '../../accounts/account.ts';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Origin } from '../../audit/audit-event.ts';
import type { AuditLog } from '../../audit/audit-log.ts';
import { isPublic, type PersonsClient } from '../../clients/clients.ts';
import { subjectFor } from '../../clients/subject-identifier.ts';
import type { ConsentStore } from '../../consents/consent-store.ts';
import { findLogin } from '../../logins/find-login.ts';
import type { Login, LoginStore, SessionOfLogin, SignInElsewhere } from '../../logins/login-store.ts';
import type { AuthorizationCodes } from '../../sessions/authorization-code.ts';
import { acrOf } from '../../sessions/elsewhere.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import { acceptsAcr } from './claims-request.ts';
import { nextStep, type Progress, type Step } from './next-step.ts';

export type AuthorizationParts = {
  readonly accounts: Pick<Accounts, 'signIn' | 'find'>;
  readonly logins: LoginStore;
  readonly consents: ConsentStore;
  readonly codes: AuthorizationCodes;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Tells applications that these sessions have ended. */
  readonly announce: (ended: readonly SessionOfLogin[]) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** The request for which somebody signs in. `replaces`: ids, of which one may be this browser's login until now. */
export type SignInContext = {
  readonly clientId: string;
  readonly replaces: readonly string[];
  readonly origin: Origin & { readonly address: string };
};

/** Who is signed in in this browser. */
export type SignedIn = { readonly login: Login; readonly account: Account };

export type Authorization = ReturnType<typeof createAuthorization>;

/** The use-cases behind the authorization endpoint's pages. Knows neither HTTP nor HTML. */
export function createAuthorization(parts: AuthorizationParts) {
  const { accounts, logins, consents, codes, audit, clock } = parts;

  return {
    /**
     * Whom the first of these logins stands for that has not ended; undefined when there is none, the account is
     * disabled, or its password was changed after the login began.
     */
    async whoIs(loginIds: readonly string[]): Promise<SignedIn | undefined> {
      const login = await findLogin(logins, loginIds);
      if (login === undefined) return undefined;
      const account = await accounts.find(login.subject);
      if (account === undefined || account.disabledAt !== null) return undefined;
      return isOfCurrentPassword(login, account) ? { login, account } : undefined;
    },

    /**
     * Checks the password and starts a login under a new id, so that nobody can know it beforehand. A login of the same
     * person in this browser is continued by it; one of somebody else ends, with its sessions. Rejects with what accounts.signIn rejects with.
     */
    async signIn(
      credentials: { readonly username: string; readonly password: string },
      context: SignInContext,
    ): Promise<SignedIn & { readonly id: string }> {
      const { clientId, origin } = context;
      const account = await accounts.signIn({ ...credentials, clientId, ...origin });
      return begin(account, context);
    },

    /** As signIn, for somebody who has signed in at another provider. */
    signInElsewhere: (account: Account, elsewhere: SignInElsewhere, context: SignInContext) =>
      begin(account, context, elsewhere),

    /** What comes next for this request: a page, an error, or the code. */
    async next(
      request: AuthorizationRequest,
      state: {
        readonly client: PersonsClient;
        readonly progress: Progress;
        readonly signedIn: SignedIn | undefined;
      },
    ): Promise<Step> {
      const { client, progress, signedIn } = state;
      // OpenID Connect Core §3.1.2.1, id_token_hint: another person than the hint's is as good as nobody.
      const isExpected =
        request.subject === undefined ||
        (signedIn !== undefined && subjectFor(client, signedIn.account.id) === request.subject);
      if (signedIn !== undefined && !isExpected && progress.hasSignedIn) return { error: 'login_required' };
      // §5.5.1.1: a sign-in by other means than the required ones is as good as none.
      const isBy = signedIn === undefined || acceptsAcr(request, acrOf(signedIn.login.elsewhere));
      if (!isBy && progress.hasSignedIn) return { error: 'unmet_authentication_requirements' };
      const isOthers = client.kind === 'application';
      const allowed =
        signedIn !== undefined && isOthers ? await consents.scopesFor(signedIn.account.id, client.id) : [];
      return nextStep(request, {
        client: { kind: client.kind, isPublic: isPublic(client) },
        progress,
        login: isExpected && isBy ? signedIn?.login : undefined,
        allowed,
        now: Math.floor(clock() / 1000),
      });
    },

    /** Remembers that the person allows what this request asks for. */
    async allow(
      { clientId, scopes = [] }: AuthorizationRequest,
      { account }: SignedIn,
      origin: Origin,
    ): Promise<void> {
      await consents.grant(account.id, clientId, scopes);
      audit.record({
        event: 'consent.granted',
        subject: account.id,
        clientId,
        ...origin,
        details: { scopes },
      });
    },

    /** Whether this person has allowed this application anything. */
    hasConsented: async ({ account }: SignedIn, clientId: string): Promise<boolean> =>
      (await consents.scopesFor(account.id, clientId)).length > 0,

    /**
     * Makes the code for the client. `useUp` ends the request, and throws if that was done before. It comes after the
     * code, which a full Redis refuses: the request can then be sent again. A code that nobody gets expires.
     */
    async grant(
      { request, useUp }: { readonly request: AuthorizationRequest; readonly useUp: () => Promise<void> },
      { login, account }: SignedIn,
      origin: Origin,
    ): Promise<string> {
      const { clientId, redirectUri, challenge, scopes, nonce, idTokenClaims, boundTo } = request;
      const { authTime, elsewhere, digest } = login;
      const grant = {
        clientId,
        redirectUri,
        challenge,
        scopes,
        nonce,
        idTokenClaims,
        authTime,
        elsewhere,
        boundTo,
        login: digest,
      };
      const code = await codes.issue({ ...grant, subject: account.id });
      await useUp();
      audit.record({ event: 'authorization.granted', subject: account.id, clientId, ...origin });
      return code;
    },

    /** Records that the person refused. */
    deny(clientId: string, signedIn: SignedIn | undefined, origin: Origin): void {
      audit.record({ event: 'authorization.denied', subject: signedIn?.account.id, clientId, ...origin });
    },
  };

  async function begin(
    account: Account,
    { clientId, replaces, origin }: SignInContext,
    elsewhere?: SignInElsewhere,
  ): Promise<SignedIn & { readonly id: string }> {
    const previous = await findLogin(logins, replaces);
    const isSame = previous?.subject === account.id;
    // The previous person has lost the cookie, so nobody else could end their sessions of this browser.
    if (previous !== undefined && !isSame) parts.announce(await logins.end(previous, 'replaced'));
    const { id, login } = await logins.start(account.id, {
      ...(isSame && { continues: previous }),
      ...(elsewhere && { elsewhere }),
      passwordChangedAt: account.passwordChangedAt?.getTime(),
    });
    const details = elsewhere === undefined ? {} : { details: { provider: elsewhere.provider } };
    audit.record({ event: 'sign_in.at_our_page', subject: account.id, clientId, ...origin, ...details });
    return { id, login, account };
  }
}

/** Compares what was stored, not two times: a clock that was ahead at one of them would decide. */
function isOfCurrentPassword(login: Login, account: Account): boolean {
  const changedAt = account.passwordChangedAt?.getTime() ?? 0;
  // A login of an earlier version does not say it.
  if (login.passwordChangedAt === undefined) return login.startedAt >= Math.floor(changedAt / 1000);
  return login.passwordChangedAt === changedAt;
}
