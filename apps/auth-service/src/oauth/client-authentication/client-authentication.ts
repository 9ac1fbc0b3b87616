import { timingSafeEqual } from 'node:crypto';
import type { Origin } from '../../audit/audit-event.ts';
import { hashOfSecret } from '../../clients/applications.ts';
import type { ClientStatuses } from '../../clients/client-statuses.ts';
import type { ApplicationClient, Client, ClientDirectory } from '../../clients/clients.ts';
import { readJwsPart } from '../../tokens/compact-jws.ts';
import { TokenError } from '../token-error.ts';
import { AssertionError, type VerifyAssertion } from './client-assertion.ts';

/** RFC 7523 §2.2. */
const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Everything by which a request may identify or authenticate its client. */
export type PresentedClient = {
  readonly clientId: string | undefined;
  readonly assertionType: string | undefined;
  readonly assertion: string | undefined;
  readonly secret: string | undefined;
  /** The Authorization header. */
  readonly authorization: string | undefined;
};

/** Why a client was refused. For the log, never for the client. */
export type AuthenticationFailure = {
  /** Undefined when there is no such client. */
  readonly clientId: string | undefined;
  readonly reason: string;
  readonly origin: Origin;
};

export type ClientAuthenticationParts = {
  readonly clients: ClientDirectory;
  readonly statuses: Pick<ClientStatuses, 'isRevoked'>;
  readonly verifyAssertion: VerifyAssertion;
  readonly onFailure: (failure: AuthenticationFailure) => void;
};

export type AuthenticateClient = (presented: PresentedClient, origin: Origin) => Promise<Client>;

/**
 * Identifies and authenticates the client of a request (RFC 6749 §2.3). Public clients, in which people sign in, do not
 * authenticate (`none`). Services authenticate with private_key_jwt (RFC 7523 §2.2). An application of others
 * authenticates as it was registered. A secret in the body is refused (client_secret_post), because bodies are logged
 * more often than headers. A revoked client is refused like one that does not exist.
 *
 * Every failure is TokenError `invalid_client` with the same description. Rejects with ProblemError 503 when the
 * service's keys or Redis cannot be reached.
 *
 * @example
 * const client = await authenticate(presentedBy(request), requestOrigin(request));
 */
export function createClientAuthentication(parts: ClientAuthenticationParts): AuthenticateClient {
  const { clients, verifyAssertion, onFailure } = parts;

  return async (presented, origin) => {
    const { clientId, assertion, assertionType } = presented;
    const basic = readBasic(presented.authorization);
    const named = clientId ?? basic?.id ?? (assertion === undefined ? undefined : subjectOf(assertion));
    const client = named === undefined ? undefined : clients.find(named);
    const refuse = (reason: string): TokenError => {
      onFailure({ clientId: client?.id, reason, origin });
      return invalidClient(presented);
    };
    if (presented.secret !== undefined) throw refuse('secret');
    if (client === undefined) throw refuse('unknown');
    if (parts.statuses.isRevoked(client.id)) throw refuse('revoked');
    const authentication = authenticationOf(client);
    const { method } = authentication;
    if (basic !== undefined && method !== 'client_secret_basic') throw refuse('secret');
    const hasAssertion = assertion !== undefined || assertionType !== undefined;
    if (method !== 'private_key_jwt' && hasAssertion) throw refuse('public_client_with_assertion');
    if (method === 'client_secret_basic') {
      if (basic === undefined) throw refuse('no_secret');
      const { secretHash } = authentication;
      if (basic.id !== client.id || !basic.secrets.some((secret) => isSecret(secret, secretHash)))
        throw refuse('wrong_secret');
    }
    if (method === 'private_key_jwt') {
      if (assertion === undefined) throw refuse('no_assertion');
      if (assertionType !== jwtBearer) throw refuse('assertion_type');
      await verified({ id: client.id, jwksUri: authentication.jwksUri }, assertion, refuse);
    }
    return client;
  };

  async function verified(
    client: { readonly id: string; readonly jwksUri: string },
    assertion: string,
    refuse: (reason: string) => TokenError,
  ): Promise<void> {
    try {
      await verifyAssertion(client, assertion);
    } catch (error) {
      throw error instanceof AssertionError ? refuse(error.reason) : error;
    }
  }
}

/**
 * Reads the client that an assertion claims to be from, because client_id is optional (RFC 7521 §4.2). It only selects
 * the keys: the assertion is then verified strictly with that client's keys.
 */
function subjectOf(assertion: string): string | undefined {
  const subject = readJwsPart(assertion.split('.', 2)[1])?.['sub'];
  return typeof subject === 'string' ? subject : undefined;
}

function authenticationOf(client: Client): ApplicationClient['authentication'] {
  if (client.kind === 'service') return { method: 'private_key_jwt', jwksUri: client.jwksUri };
  return client.kind === 'application' ? client.authentication : { method: 'none' };
}

function isBasic(authorization: string | undefined): boolean {
  return authorization !== undefined && /^basic\b/i.test(authorization);
}

/**
 * Reads HTTP Basic, whose parts are form-encoded (RFC 6749 §2.3.1). curl -u and many libraries do not encode them, so
 * `secrets` are both readings. Undefined without such a header; an id that no client has when it is malformed.
 */
function readBasic(
  authorization: string | undefined,
): { id: string; secrets: readonly [string, string] } | undefined {
  if (!isBasic(authorization)) return undefined;
  const [, encoded = ''] = /^basic +([\w+/=-]+)$/i.exec(authorization ?? '') ?? [];
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  const secret = text.slice(colon + 1);
  return { id: formDecoded(text.slice(0, Math.max(colon, 0))), secrets: [formDecoded(secret), secret] };
}

/** As it stands when it is not form-encoded. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function isSecret(secret: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashOfSecret(secret)), Buffer.from(hash));
}

/** RFC 6749 §5.2: a client that used the Authorization header gets a challenge. */
export function invalidClient(
  { authorization }: Pick<PresentedClient, 'authorization'>,
  description = 'The client could not be authenticated.',
): TokenError {
  const headers = isBasic(authorization) ? { 'www-authenticate': 'Basic realm="auth-service"' } : undefined;
  return new TokenError('invalid_client', description, { headers });
}
