import { faultOfUrl } from '@latchkey/service-kit';
import { isBlank, oneLine, shownText } from '@latchkey/service-kit/text';
import { Type } from 'typebox';
import { applicationScopes } from '../permissions/resource-servers.ts';
import { faultOfRedirectUri } from './redirect-uri.ts';
import { sectorOf } from './subject-identifier.ts';

const maxNameCharacters = 80;

/** What every registration of an application has to say, at the route and in the operator's command. */
export const registrationFields = {
  // One line as typed. It may be longer than the name that is kept: see keptName.
  name: Type.String({
    minLength: 1,
    maxLength: 8 * maxNameCharacters,
    pattern: oneLine,
    description: `Shown to people. Only visible text is kept: at most ${maxNameCharacters} characters in NFC`,
  }),
  logo_uri: Type.Optional(
    Type.String({ maxLength: 2048, description: 'An image at an https URL, shown to people on our pages.' }),
  ),
  redirect_uris: Type.Array(Type.String({ maxLength: 2048 }), { minItems: 1, maxItems: 10 }),
  post_logout_redirect_uris: Type.Optional(
    Type.Array(Type.String({ maxLength: 2048 }), {
      maxItems: 10,
      description: 'Where people may return to after they have signed out.',
    }),
  ),
  backchannel_logout_uri: Type.Optional(
    Type.String({ maxLength: 2048, description: 'Where it is told of ended sessions.' }),
  ),
  subject_type: Type.Optional(
    Type.Enum(['public', 'pairwise'], {
      description: 'pairwise: it knows people by another subject than the applications of other hosts do.',
    }),
  ),
  dpop_bound_access_tokens: Type.Optional(
    Type.Boolean({ description: 'It gets no token without a proof of possession (RFC 9449 §5.2).' }),
  ),
  scopes: Type.Array(Type.Enum([...applicationScopes]), {
    minItems: 1,
    uniqueItems: true,
    description: 'The most that it may ask people for.',
  }),
};

/** The part of an application's name that is kept (see shownText). */
export function keptName(typed: string): string {
  return shownText(typed).trim();
}

function faultOfName(name: string): string | undefined {
  if (isBlank(name)) return 'The name has no visible character.';
  return [...name].length > maxNameCharacters
    ? `The name has at most ${maxNameCharacters} characters.`
    : undefined;
}

/**
 * Says what is wrong with an application that is to be registered; undefined when nothing is. Its name is the one that
 * keptName returns.
 */
export function faultOfRegistration(application: {
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly method: string;
  readonly jwksUri: string | undefined;
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri: string | null;
  readonly logoUri: string | null;
  readonly isPairwise: boolean;
}): string | undefined {
  const { name, redirectUris, method, jwksUri } = application;
  const nameFault = faultOfName(name);
  if (nameFault !== undefined) return nameFault;
  const uris = {
    'Redirect URI': redirectUris,
    'Post-logout redirect URI': application.postLogoutRedirectUris,
  };
  for (const [what, list] of Object.entries(uris)) {
    for (const [index, uri] of list.entries()) {
      const fault = faultOfRedirectUri(uri);
      if (fault !== undefined) return `${what} ${index + 1} cannot be used: ${fault}.`;
    }
  }
  const { logoUri } = application;
  const logoFault = logoUri === null ? undefined : faultOfUrl(logoUri, 'endpoint');
  if (logoFault !== undefined) return `logo_uri cannot be used: ${logoFault}.`;
  if (logoUri?.startsWith('http:')) return 'logo_uri cannot be used: it does not begin with https://.';
  if (application.isPairwise && sectorOf(redirectUris, 'itself') === undefined)
    return 'Pairwise subjects need redirect URIs of one host.';
  const { backchannelLogoutUri: logoutUri } = application;
  const logoutFault = logoutUri === null ? undefined : faultOfUrl(logoutUri, 'endpoint');
  if (logoutFault !== undefined) return `backchannel_logout_uri cannot be used: ${logoutFault}.`;
  if ((method === 'private_key_jwt') !== (jwksUri !== undefined))
    return 'jwks_uri belongs to private_key_jwt, and only to it.';
  const fault = jwksUri === undefined ? undefined : faultOfUrl(jwksUri, 'endpoint');
  return fault === undefined ? undefined : `jwks_uri cannot be used: ${fault}.`;
}
