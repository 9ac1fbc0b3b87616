import type { PersonsClient } from '../../clients/clients.ts';
import type { AuthorizationErrorCode } from './authorization-error.ts';
import type { AuthorizationRequest } from './authorization-request.ts';

/** How far a person has come with an authorization request. Counts only for the login with which they did so. */
export type Progress = {
  /** The digest of that login; undefined before the first step. */
  readonly login?: string | undefined;
  /** The person has typed their password for this request. */
  readonly hasSignedIn: boolean;
  /** The person has chosen the account that they are signed in with. */
  readonly hasChosen: boolean;
  /** The person has allowed what this request asks for. */
  readonly hasAllowed: boolean;
};

/** Nobody has done anything yet. */
export const noProgress: Progress = { hasSignedIn: false, hasChosen: false, hasAllowed: false };

export type Step =
  | 'sign_in'
  | 'choose_account'
  | 'consent'
  | 'grant'
  | { readonly error: AuthorizationErrorCode };

/**
 * Decides what comes next for an authorization request: a page, the code, or an error for the client. Pure.
 *
 * @param login when the person authenticated in this browser, in seconds since the epoch; undefined when they have not
 * @param allowed the scopes that the person has allowed this client before
 * @param now in seconds since the epoch
 */
export function nextStep(
  request: Pick<AuthorizationRequest, 'prompts' | 'maxAge' | 'scopes' | 'redirectUri'>,
  state: {
    readonly client: { readonly kind: PersonsClient['kind']; readonly isPublic: boolean };
    readonly progress: Progress;
    readonly login: { readonly authTime: number; readonly digest: string } | undefined;
    readonly allowed: readonly string[];
    readonly now: number;
  },
): Step {
  const { prompts, maxAge, scopes, redirectUri } = request;
  const { client, login, allowed, now } = state;
  const progress = state.progress.login === login?.digest ? state.progress : noProgress;
  // OpenID Connect Core §3.1.2.6: with prompt=none no page may be shown.
  const page = (step: Step, error: AuthorizationErrorCode): Step =>
    prompts.includes('none') ? { error } : step;

  const isTooOld = login !== undefined && maxAge !== undefined && now - login.authTime > maxAge;
  const mustSignIn = login === undefined || prompts.includes('login') || isTooOld || maxAge === 0;
  if (login === undefined || (mustSignIn && !progress.hasSignedIn)) return page('sign_in', 'login_required');
  // Another program on the same device can pretend to be this client, so the person has to act (RFC 8252 §8.6).
  const canBeImitated = client.isPublic && !redirectUri.startsWith('https:');
  const mustChoose = prompts.includes('select_account') || canBeImitated;
  if (mustChoose && !progress.hasSignedIn && !progress.hasChosen)
    return page('choose_account', 'account_selection_required');

  const isAllowed = (scopes ?? []).every((scope) => allowed.includes(scope));
  const mustAsk = client.kind === 'application' && (!isAllowed || prompts.includes('consent'));
  if (mustAsk && !progress.hasAllowed) return page('consent', 'consent_required');
  return 'grant';
}
