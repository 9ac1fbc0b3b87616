import { Type } from 'typebox';
import type { Applications } from '../clients/applications.ts';
import type { ClientDirectory } from '../clients/clients.ts';
import { selfRegisteredPrefix } from '../clients/clients.ts';
import { invalidClientMetadata } from '../clients/refusals.ts';
import { faultOfRegistration, registrationFields } from '../clients/registration.ts';
import { parseJsonLines } from './json-lines.ts';

const applicationSchema = Type.Object(
  {
    id: Type.String({ pattern: `^(?!${selfRegisteredPrefix})[a-z][a-z0-9-]{0,63}$` }),
    ...registrationFields,
    // 32 random bytes have 43 characters in base64url. The stored hash is a fast one, so a secret must not be guessable.
    secret: Type.String({ pattern: '^[\\x21-\\x7e]{43,256}$' }),
  },
  { additionalProperties: false },
);

/**
 * Registers the applications that `input` lists, each with the id and the secret that it names there. One that is
 * registered already becomes what its line says. Stores nothing when a line has a fault.
 *
 * @returns a line about each application
 * @throws SyntaxError naming a line that is not an application
 * @throws ProblemError 400 `invalid_client_metadata`
 */
export async function registerApplications(
  input: string,
  { applications, ownClients }: { applications: Applications; ownClients: ClientDirectory },
): Promise<string> {
  const wanted = parseJsonLines(input, applicationSchema, 'an application').map(
    ({ id, name, secret, scopes, ...line }) => {
      const application = {
        name: name.trim(),
        scopes,
        redirectUris: line.redirect_uris,
        postLogoutRedirectUris: line.post_logout_redirect_uris ?? [],
        backchannelLogoutUri: line.backchannel_logout_uri ?? null,
      };
      const fault =
        ownClients.find(id) === undefined
          ? faultOfRegistration({ ...application, method: 'client_secret_basic', jwksUri: undefined })
          : 'This is the id of one of our own clients or services.';
      if (fault !== undefined) throw invalidClientMetadata(`${id}: ${fault}`);
      return { ...application, id, secret };
    },
  );
  let lines = '';
  for (const application of wanted) lines += `${application.id}: ${await applications.set(application)}\n`;
  return lines;
}
