import type { Origin } from '../../audit/audit-event.ts';
import type { ClientStatuses } from '../../clients/client-statuses.ts';
import type { Client, ClientRegistry, ServiceClient } from '../../clients/clients.ts';
import { TokenError } from '../token-error.ts';
import { AssertionError, type VerifyAssertion } from './client-assertion.ts';

/** RFC 7523 §2.2. */
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** All by which a client can say, or try to prove, who it is. */
export type PresentedClient = {
  readonly clientId: string | undefined;
  readonly assertionType: string | undefined;
  readonly assertion: string | undefined;
  readonly secret: string | undefined;
  /** The Authorization header. */
  readonly authorization: string | undefined;
};

/** Why a client was not let in; for the log, never for the client. */
export type AuthenticationFailure = {
  /** Undefined when it is none of ours. */
  readonly clientId: string | undefined;
  readonly reason: string;
  readonly origin: Origin;
};

export type ClientAuthenticationParts = {
  readonly clients: ClientRegistry;
  readonly statuses: Pick<ClientStatuses, 'isRevoked'>;
  readonly verifyAssertion: VerifyAssertion;
  readonly onFailure: (failure: AuthenticationFailure) => void;
};

export type AuthenticateClient = (presented: PresentedClient, origin: Origin) => Promise<Client>;

/**
 * Finds out which client asks (RFC 6749 §2.3). Clients in which people sign in have nothing to prove it by, and say so
 * (`none`); a service proves it by private_key_jwt (RFC 7523 §2.2). No client has a secret. One that was revoked is
 * refused like one that does not exist.
 *
 * Every failure is TokenError `invalid_client`, in the same words. Rejects with ProblemError 503 when that cannot be
 * decided now: the service's keys, or Redis, cannot be reached.
 *
 * @example
 * const client = await authenticate(presentedBy(request), requestOrigin(request));
 */
export function createClientAuthentication(parts: ClientAuthenticationParts): AuthenticateClient {
  const { clients, verifyAssertion, onFailure } = parts;

  return async (presented, origin) => {
    const { clientId, assertion, assertionType } = presented;
    const named = clientId ?? (assertion === undefined ? undefined : subjectOf(assertion));
    const client = named === undefined ? undefined : clients.find(named);
    const refuse = (reason: string): TokenError => {
      onFailure({ clientId: client?.id, reason, origin });
      return invalidClient(presented);
    };
    if (presented.secret !== undefined || isBasic(presented.authorization)) throw refuse('secret');
    if (client === undefined) throw refuse('unknown');
    if (parts.statuses.isRevoked(client.id)) throw refuse('revoked');
    if (client.kind !== 'service') {
      if (assertion !== undefined || assertionType !== undefined)
        throw refuse('public_client_with_assertion');
      return client;
    }
    if (assertion === undefined) throw refuse('no_assertion');
    if (assertionType !== JWT_BEARER) throw refuse('assertion_type');
    return await verified(client, assertion, refuse);
  };

  async function verified(
    client: ServiceClient,
    assertion: string,
    refuse: (reason: string) => TokenError,
  ): Promise<Client> {
    try {
      await verifyAssertion(client, assertion);
      return client;
    } catch (error) {
      throw error instanceof AssertionError ? refuse(error.reason) : error;
    }
  }
}

/**
 * Whom an assertion claims to be from, so that we know whose keys to ask for: client_id may be left out (RFC 7521
 * §4.2). Nothing is believed of it; the assertion is verified, strictly and by that client's keys, afterwards.
 */
function subjectOf(assertion: string): string | undefined {
  try {
    const payload: unknown = JSON.parse(
      Buffer.from(assertion.split('.', 2)[1] ?? '', 'base64url').toString(),
    );
    const subject =
      typeof payload === 'object' && payload !== null && 'sub' in payload ? payload.sub : undefined;
    return typeof subject === 'string' ? subject : undefined;
  } catch {
    return undefined;
  }
}

function isBasic(authorization: string | undefined): boolean {
  return authorization !== undefined && /^basic\b/i.test(authorization);
}

/** RFC 6749 §5.2: who tried the Authorization header is answered with a challenge. */
function invalidClient({ authorization }: PresentedClient): TokenError {
  const headers = isBasic(authorization) ? { 'www-authenticate': 'Basic realm="auth-service"' } : undefined;
  return new TokenError('invalid_client', 'The client could not be authenticated.', { headers });
}
