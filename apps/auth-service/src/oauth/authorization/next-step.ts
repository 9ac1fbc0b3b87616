import type { PersonsClient } from '../../clients/clients.ts';
import type { AuthorizationErrorCode, AuthorizationRequest } from './authorization-request.ts';

/** How far a person has come with an authorization request. */
export type Progress = {
  /** The person has typed their password for this request. */
  readonly hasSignedIn: boolean;
  /** The person has chosen the account that they are signed in with. */
  readonly hasChosen: boolean;
  /** The person has allowed what this request asks for. */
  readonly hasAllowed: boolean;
};

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
  request: Pick<AuthorizationRequest, 'prompts' | 'maxAge' | 'scopes'>,
  state: {
    readonly client: Pick<PersonsClient, 'kind'>;
    readonly progress: Progress;
    readonly login: { readonly authTime: number } | undefined;
    readonly allowed: readonly string[];
    readonly now: number;
  },
): Step {
  const { prompts, maxAge, scopes } = request;
  const { progress, login, allowed, now } = state;
  // OpenID Connect Core §3.1.2.6: with prompt=none no page may be shown.
  const page = (step: Step, error: AuthorizationErrorCode): Step =>
    prompts.includes('none') ? { error } : step;

  const isTooOld = login !== undefined && maxAge !== undefined && now - login.authTime > maxAge;
  const mustSignIn = login === undefined || prompts.includes('login') || isTooOld || maxAge === 0;
  if (login === undefined || (mustSignIn && !progress.hasSignedIn)) return page('sign_in', 'login_required');
  if (prompts.includes('select_account') && !progress.hasSignedIn && !progress.hasChosen)
    return page('choose_account', 'account_selection_required');

  const isAllowed = (scopes ?? []).every((scope) => allowed.includes(scope));
  const mustAsk = state.client.kind === 'application' && (!isAllowed || prompts.includes('consent'));
  if (mustAsk && !progress.hasAllowed) return page('consent', 'consent_required');
  return 'grant';
}
