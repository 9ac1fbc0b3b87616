import { faultOfUrl } from '@latchkey/service-kit';
import { faultOfRedirectUri } from './redirect-uri.ts';

/** Says what is wrong with an application that is to be registered; undefined when nothing is. */
export function faultOfRegistration(application: {
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly method: string;
  readonly jwksUri: string | undefined;
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri: string | null;
}): string | undefined {
  const { name, redirectUris, method, jwksUri } = application;
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name) || name.trim() === '')
    return 'The name has a character that cannot be seen.';
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
  const { backchannelLogoutUri: logoutUri } = application;
  const logoutFault = logoutUri === null ? undefined : faultOfUrl(logoutUri, 'endpoint');
  if (logoutFault !== undefined) return `backchannel_logout_uri cannot be used: ${logoutFault}.`;
  if ((method === 'private_key_jwt') !== (jwksUri !== undefined))
    return 'jwks_uri belongs to private_key_jwt, and only to it.';
  const fault = jwksUri === undefined ? undefined : faultOfUrl(jwksUri, 'endpoint');
  return fault === undefined ? undefined : `jwks_uri cannot be used: ${fault}.`;
}
