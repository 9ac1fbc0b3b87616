import { type ClientDirectory, isSelfRegistered, type PersonsClient } from '../../clients/clients.ts';
import { isRegistered } from '../../clients/redirect-uri.ts';
import { type ResourceUrls, targetOf } from '../../permissions/resource-urls.ts';
import type { Acr } from '../../tokens/claims.ts';
import type { PersonalClaim } from '../../tokens/personal-claims.ts';
import { readPairs } from '../form-body.ts';
import { AuthorizationError, type ReplyAddress, type RequestErrorCode } from './authorization-error.ts';
import {
  challengeIn,
  claimsIn,
  expectedSubject,
  limitedTo,
  maxAgeOf,
  type Prompt,
  promptsOf,
  type ReadHint,
  scopesOf,
  thumbprintIn,
  withScopeOf,
} from './request-parameters.ts';

/** An authorization request whose every parameter was checked. */
export type AuthorizationRequest = ReplyAddress & {
  readonly clientId: string;
  /** What was asked for and the client may ask for. Undefined for one of our own clients that asked for everything. */
  readonly scopes: readonly string[] | undefined;
  /** S256 (RFC 7636 §4.2). */
  readonly challenge: string;
  readonly nonce: string | undefined;
  readonly prompts: readonly Prompt[];
  /** Seconds. */
  readonly maxAge: number | undefined;
  readonly loginHint: string | undefined;
  /** As this client knows it: nobody else may come back. From its ID token as a hint, or from the parameter claims. */
  readonly subject: string | undefined;
  readonly uiLocales: string | undefined;
  /** The provider at which the person should sign in. A parameter of ours. */
  readonly identityProvider: string | undefined;
  /** What about the person the ID token should say; only with the scope profile. */
  readonly idTokenClaims: readonly PersonalClaim[];
  /** The thumbprint of the key with which alone the code can be redeemed (RFC 9449 §10). */
  readonly boundTo: string | undefined;
  /** How the person has to authenticate; undefined: in any way. */
  readonly acrs: readonly Acr[] | undefined;
};

const limits = {
  state: 2048,
  nonce: 512,
  login_hint: 256,
  ui_locales: 256,
  identity_provider: 64,
  scope: 1024,
  id_token_hint: 4096,
  claims: 4096,
} as const;

const refusedParameters = {
  request: 'request_not_supported',
  request_uri: 'request_uri_not_supported',
  registration: 'registration_not_supported',
} as const;

export type ParseOptions = {
  readonly clients: ClientDirectory;
  readonly readHint: ReadHint;
  readonly resourceUrls: ResourceUrls;
};

/**
 * Reads an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1) from its form or query.
 * Unknown parameters are ignored. A scope that the client may not ask for is left out; the token answer says which are
 * left.
 *
 * Does not check the person, and does not check whether the client is revoked.
 *
 * @throws AuthorizationError
 * @example
 * const { request, client } = parseAuthorizationRequest('response_type=code&client_id=…', { clients, readHint });
 */
export function parseAuthorizationRequest(
  text: string,
  { clients, readHint, resourceUrls }: ParseOptions,
): { request: AuthorizationRequest; client: PersonsClient } {
  const { values, repeated, resources } = parametersOf(text);
  const { client, redirectUri } = provenReply(values, repeated, clients);
  const stated = values.get('state');
  const state =
    stated !== undefined && stated.length <= limits.state && !repeated.has('state') ? stated : undefined;
  const responseMode = values.get('response_mode') === 'form_post' ? 'form_post' : 'query';
  const reply: ReplyAddress = { redirectUri, responseMode, state };
  // Nobody has judged where an application that registered itself sends people, so a faulty request of it is told to
  // the person alone: else a link to us would lead anywhere (RFC 9700 §4.11.2).
  const told = isSelfRegistered(client) ? undefined : reply;
  const refuse = (code: RequestErrorCode, description: string) =>
    new AuthorizationError(code, description, told);

  if (repeated.size > 0) throw refuse('invalid_request', 'A parameter is repeated.');
  for (const [name, max] of Object.entries(limits))
    if ((values.get(name)?.length ?? 0) > max) throw refuse('invalid_request', `${name} is too long.`);
  for (const [name, code] of Object.entries(refusedParameters))
    if (values.has(name)) throw refuse(code, `The parameter ${name} is not supported.`);
  const targets = resources.map((resource) => targetOf(resource, resourceUrls));
  if (targets.includes(undefined))
    throw refuse('invalid_target', 'There is no service with this resource URL.');
  const ofResources = targets.length === 0 ? undefined : targets.flatMap((target) => target?.scopes ?? []);
  const responseType = values.get('response_type');
  if (responseType === undefined) throw refuse('invalid_request', 'response_type is missing.');
  if (responseType !== 'code') throw refuse('unsupported_response_type', 'response_type must be code.');
  if (!['query', 'form_post', undefined].includes(values.get('response_mode')))
    throw refuse('invalid_request', 'response_mode must be query or form_post.');
  const scopes = scopesOf(values.get('scope'), client, refuse);
  const claims = claimsIn(values.get('claims'), scopes, refuse);

  return {
    client,
    request: {
      ...reply,
      clientId: client.id,
      scopes: limitedTo(ofResources, withScopeOf(claims, scopes, client), refuse),
      challenge: challengeIn(values, refuse),
      nonce: values.get('nonce'),
      prompts: promptsOf(values.get('prompt'), refuse),
      maxAge: maxAgeOf(values.get('max_age'), refuse),
      loginHint: values.get('login_hint'),
      subject: expectedSubject(client, { hint: values.get('id_token_hint'), claims, readHint, refuse }),
      uiLocales: values.get('ui_locales'),
      identityProvider: values.get('identity_provider'),
      idTokenClaims: claims.inIdToken,
      acrs: claims.acrs,
      boundTo: thumbprintIn(values.get('dpop_jkt'), refuse),
    },
  };
}

/**
 * The request_uri of a request that was pushed (RFC 9126 §4), and the client that says so; undefined when there is none.
 * All other parameters then count for nothing (RFC 9101 §6.3).
 */
export function pushedReference(text: string): { uri: string; clientId: string | undefined } | undefined {
  const { values, repeated } = parametersOf(text);
  const uri = values.get('request_uri');
  if (uri === undefined || !uri.startsWith('urn:ietf:params:oauth:request_uri:')) return undefined;
  if (repeated.has('request_uri') || repeated.has('client_id'))
    throw new AuthorizationError('invalid_request', 'A parameter is repeated.');
  return { uri, clientId: values.get('client_id') };
}

/** A parameter without a value counts as omitted (RFC 6749 §3.1). */
function parametersOf(text: string): {
  values: ReadonlyMap<string, string>;
  repeated: ReadonlySet<string>;
  resources: readonly string[];
} {
  const values = new Map<string, string>();
  const resources: string[] = [];
  const repeated = new Set<string>();
  const seen = new Set<string>();
  let pairs: [string, string][];
  try {
    pairs = readPairs(text);
  } catch (error) {
    throw new AuthorizationError('invalid_request', (error as Error).message);
  }
  for (const [name, value] of pairs) {
    // The only parameter that may be repeated (RFC 8707 §2).
    if (name === 'resource') {
      if (value !== '') resources.push(value);
      continue;
    }
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
    if (value !== '') values.set(name, value);
  }
  return { values, repeated, resources };
}

/** Proves that the client registered the redirect URI. Until then nothing may be sent there. */
function provenReply(
  values: ReadonlyMap<string, string>,
  repeated: ReadonlySet<string>,
  clients: ClientDirectory,
): { client: PersonsClient; redirectUri: string } {
  const unproven = (description: string) => new AuthorizationError('invalid_request', description);
  for (const name of ['client_id', 'redirect_uri'])
    if (repeated.has(name)) throw unproven(`${name} is repeated.`);
  const clientId = values.get('client_id');
  if (clientId === undefined) throw unproven('client_id is missing.');
  const client = clients.find(clientId);
  if (client === undefined || client.kind === 'service')
    throw unproven('There is no client with this client_id.');
  const redirectUri = values.get('redirect_uri');
  if (redirectUri === undefined) throw unproven('redirect_uri is missing.');
  if (!isRegistered(redirectUri, client.redirectUris))
    throw unproven('The client has not registered this redirect_uri.');
  return { client, redirectUri };
}
