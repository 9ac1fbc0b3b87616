import { faultOfUrl } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { applicationScopes } from '../permissions/resource-servers.ts';
import { faultOfRedirectUri } from './redirect-uri.ts';

/** What every registration of an application has to say, at the route and in the operator's command. */
export const registrationFields = {
  name: Type.String({ minLength: 1, maxLength: 80, description: 'Shown to people.' }),
  redirect_uris: Type.Array(Type.String({ maxLength: 2048 }), { minItems: 1, maxItems: 10 }),
  scopes: Type.Array(Type.Enum([...applicationScopes]), {
    minItems: 1,
    uniqueItems: true,
    description: 'The most that it may ask people for.',
  }),
};

/** Says what is wrong with an application that is to be registered; undefined when nothing is. */
export function faultOfRegistration(application: {
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly method: string;
  readonly jwksUri?: string | undefined;
}): string | undefined {
  const { name, redirectUris, method, jwksUri } = application;
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name) || name.trim() === '')
    return 'The name has a character that cannot be seen.';
  for (const [index, uri] of redirectUris.entries()) {
    const fault = faultOfRedirectUri(uri);
    if (fault !== undefined) return `Redirect URI ${index + 1} cannot be used: ${fault}.`;
  }
  if ((method === 'private_key_jwt') !== (jwksUri !== undefined))
    return 'jwks_uri belongs to private_key_jwt, and only to it.';
  const fault = jwksUri === undefined ? undefined : faultOfUrl(jwksUri, 'endpoint');
  return fault === undefined ? undefined : `jwks_uri cannot be used: ${fault}.`;
}
