import { type Static, Type } from 'typebox';
import type { Applications, KnownApplication } from '../clients/applications.ts';
import { type ClientRegistry, selfRegisteredPrefix } from '../clients/clients.ts';
import type { FirstPartyRow } from '../clients/first-party.ts';
import { invalidClientMetadata } from '../clients/refusals.ts';
import { faultOfRegistration, keptName, registrationFields } from '../clients/registration.ts';
import { parseJsonLines } from './json-lines.ts';

const id = Type.String({ pattern: `^(?!${selfRegisteredPrefix})[a-z][a-z0-9-]{0,63}$` });

const applicationSchema = Type.Object(
  {
    id,
    ...registrationFields,
    // 32 random bytes have 43 characters in base64url. The stored hash is a fast one, so a secret must not be guessable.
    secret: Type.String({ pattern: '^[\\x21-\\x7e]{43,256}$' }),
  },
  { additionalProperties: false },
);

/** One of our own clients. Only this command can register it: nobody consents to it, and it may have every scope. */
const firstPartySchema = Type.Object(
  {
    id,
    name: registrationFields.name,
    kind: Type.Enum(['browser', 'native']),
    redirect_uris: Type.Array(Type.String({ maxLength: 2048 }), { maxItems: 10 }),
    dpop_bound_access_tokens: registrationFields.dpop_bound_access_tokens,
    max_sessions: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 100 }), Type.Null()])),
  },
  { additionalProperties: false },
);

const lineSchema = Type.Union([applicationSchema, firstPartySchema]);

/**
 * Registers the applications that `input` lists, each with the id and the secret that it names there, and our own
 * clients. One that is registered already becomes what its line says. Stores nothing when a line has a fault.
 *
 * @returns a line about each application
 * @throws SyntaxError naming a line that is not an application
 * @throws ProblemError 400 `invalid_client_metadata`
 */
export async function registerApplications(
  input: string,
  { applications, configured }: { applications: Applications; configured: ClientRegistry },
): Promise<string> {
  await applications.reload();
  const wanted = parseJsonLines(input, lineSchema, 'an application').map((line) => {
    const client = clientOf(line);
    const fault = faultOf(client, { applications, configured });
    if (fault !== undefined) throw invalidClientMetadata(`${client.id}: ${fault}`);
    return client;
  });
  let lines = '';
  for (const client of wanted) lines += `${client.id}: ${await applications.set(client)}\n`;
  return lines;
}

function clientOf(line: Static<typeof lineSchema>): KnownApplication | FirstPartyRow {
  const common = {
    ...{ id: line.id, name: keptName(line.name), redirectUris: line.redirect_uris },
    isBoundOnly: line.dpop_bound_access_tokens ?? false,
  };
  if ('kind' in line) return { ...common, kind: line.kind, maxSessions: line.max_sessions ?? null };
  return {
    ...common,
    scopes: line.scopes,
    secret: line.secret,
    postLogoutRedirectUris: line.post_logout_redirect_uris ?? [],
    backchannelLogoutUri: line.backchannel_logout_uri ?? null,
    logoUri: line.logo_uri ?? null,
    isPairwise: line.subject_type === 'pairwise',
  };
}

function faultOf(
  client: KnownApplication | FirstPartyRow,
  { applications, configured }: { applications: Applications; configured: ClientRegistry },
): string | undefined {
  const { id } = client;
  const kind = 'secret' in client ? 'application' : client.kind;
  const known = configured.kindOf(id) ?? applications.find(id)?.kind;
  if (known === 'application' && kind !== known) return 'This is the id of an application of somebody else.';
  if (known !== undefined && known !== kind)
    return 'This is the id of one of our own clients or services, and its kind is another.';
  if ('secret' in client)
    return faultOfRegistration({ ...client, method: 'client_secret_basic', jwksUri: undefined });
  if (kind === 'browser' && !client.redirectUris.every((uri) => /^https?:/.test(uri)))
    return 'A page is at an http or https address, so its redirect URIs are too.';
  const none = { postLogoutRedirectUris: [], backchannelLogoutUri: null, logoUri: null, isPairwise: false };
  return faultOfRegistration({ ...client, ...none, method: 'none', jwksUri: undefined });
}
