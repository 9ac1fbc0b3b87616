import type { PersonsClient } from '../../clients/clients.ts';
import { identityScopes, parseScope } from '../../permissions/scope.ts';
import type { IdTokenHint } from '../../tokens/id-token.ts';
import type { AuthorizationError, RequestErrorCode } from './authorization-error.ts';
import { type ClaimsRequest, noClaims, parseClaimsRequest } from './claims-request.ts';

/** OpenID Connect Core §3.1.2.1. */
const prompts = ['none', 'login', 'consent', 'select_account'] as const;

export type Prompt = (typeof prompts)[number];
/** What a reader throws when its parameter is at fault. */
export type Refuse = (code: RequestErrorCode, description: string) => AuthorizationError;

/** Reads an ID token of ours; undefined when it is none. */
export type ReadHint = (token: string) => IdTokenHint | undefined;

export function scopesOf(
  scope: string | undefined,
  client: PersonsClient,
  refuse: Refuse,
): readonly string[] | undefined {
  const asked = scope === undefined ? undefined : parseScope(scope);
  if (scope !== undefined && asked === undefined) throw refuse('invalid_scope', 'The scope is malformed.');
  if (client.kind !== 'application') return asked;
  const allowed = asked === undefined ? client.scopes : asked.filter((name) => client.scopes.includes(name));
  if (allowed.length === 0) throw refuse('invalid_scope', 'The client may ask for none of these scopes.');
  return allowed;
}

/** Leaves the scopes of the named resources (RFC 8707 §2.1), and those of OpenID Connect, which belong to none. */
export function limitedTo(
  ofResources: readonly string[] | undefined,
  scopes: readonly string[] | undefined,
  refuse: Refuse,
): readonly string[] | undefined {
  if (ofResources === undefined) return scopes;
  const left = (scopes ?? ofResources).filter(
    (scope) => ofResources.includes(scope) || identityScopes.includes(scope),
  );
  if (left.length === 0) throw refuse('invalid_scope', 'None of these scopes is of this resource.');
  return left;
}

export function challengeIn(values: ReadonlyMap<string, string>, refuse: Refuse): string {
  const challenge = values.get('code_challenge');
  if (challenge === undefined) throw refuse('invalid_request', 'code_challenge is missing (PKCE, RFC 7636).');
  // Without a method, plain would apply (RFC 7636 §4.3), which protects against nothing.
  if (values.get('code_challenge_method') !== 'S256')
    throw refuse('invalid_request', 'code_challenge_method must be S256.');
  if (!/^[\w-]{43}$/.test(challenge))
    throw refuse('invalid_request', 'code_challenge is not a SHA-256 digest.');
  return challenge;
}

export function thumbprintIn(text: string | undefined, refuse: Refuse): string | undefined {
  if (text !== undefined && !/^[\w-]{43}$/.test(text))
    throw refuse('invalid_request', 'dpop_jkt is not a SHA-256 thumbprint.');
  return text;
}

export function promptsOf(prompt: string | undefined, refuse: Refuse): readonly Prompt[] {
  if (prompt === undefined) return [];
  const asked = [...new Set(prompt.split(' '))];
  const known = prompts.filter((name) => asked.includes(name));
  if (known.length !== asked.length)
    throw refuse('invalid_request', `prompt must be of ${prompts.join(', ')}.`);
  if (known.includes('none') && known.length > 1)
    throw refuse('invalid_request', 'prompt=none stands alone.');
  return known;
}

/** Without the scope openid this is no request of OpenID Connect, and the parameter has no meaning (§5.5). */
export function claimsIn(
  text: string | undefined,
  scopes: readonly string[] | undefined,
  refuse: Refuse,
): ClaimsRequest {
  if (text === undefined || !scopes?.includes('openid')) return noClaims;
  const claims = parseClaimsRequest(text);
  if (claims === undefined)
    throw refuse('invalid_request', 'claims is not as OpenID Connect Core §5.5 says.');
  if (claims.acrs?.length === 0)
    throw refuse('unmet_authentication_requirements', 'Nobody can sign in here by the required acr.');
  return claims;
}

/** The person is asked for claims in the words of the scope that has them, if the client may ask for that scope. */
export function withScopeOf(
  { isPersonal }: ClaimsRequest,
  scopes: readonly string[] | undefined,
  client: PersonsClient,
): readonly string[] | undefined {
  if (!isPersonal || scopes === undefined || scopes.includes('profile')) return scopes;
  return client.kind !== 'application' || client.scopes.includes('profile') ? [...scopes, 'profile'] : scopes;
}

export function expectedSubject(
  client: PersonsClient,
  of: {
    readonly hint: string | undefined;
    readonly claims: ClaimsRequest;
    readonly readHint: ReadHint;
    readonly refuse: Refuse;
  },
): string | undefined {
  const { hint: token, claims, readHint, refuse } = of;
  const hint = token === undefined ? undefined : readHint(token);
  if (token !== undefined && hint === undefined)
    throw refuse('invalid_request', 'id_token_hint is no ID token of ours.');
  // Its subject may be one that this client does not know (OpenID Connect Core §8).
  if (hint !== undefined && hint.clientId !== client.id)
    throw refuse('invalid_request', 'id_token_hint was issued to another client.');
  if (hint !== undefined && claims.subject !== undefined && hint.subject !== claims.subject)
    throw refuse('invalid_request', 'id_token_hint and claims name two persons.');
  return hint?.subject ?? claims.subject;
}

export function maxAgeOf(text: string | undefined, refuse: Refuse): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw refuse('invalid_request', 'max_age must be a whole number of seconds.');
  return Number(text);
}
