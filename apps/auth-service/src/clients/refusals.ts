import { ProblemError } from '@latchkey/service-kit';
import type { BrowserClient, Client, ClientDirectory } from './clients.ts';

/** @throws ProblemError 403 `client_revoked` */
export function refuseRevoked(
  statuses: { readonly isRevoked: (clientId: string) => boolean },
  client: Pick<Client, 'id'>,
): void {
  if (statuses.isRevoked(client.id)) throw clientRevoked();
}

/** @throws ProblemError 400 `unknown_client` */
export function browserClientOr400(clients: ClientDirectory, id: string): BrowserClient {
  const client = clients.find(id);
  if (client?.kind === 'browser') return client;
  throw new ProblemError({
    status: 400,
    code: 'unknown_client',
    detail: 'There is no such browser client.',
  });
}

export function clientRevoked(): ProblemError {
  return new ProblemError({
    status: 403,
    code: 'client_revoked',
    detail: 'This client was revoked. Nobody can sign in with it or stay signed in.',
  });
}

export function clientNotFound(): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'client_not_found',
    detail: 'There is no client with this id.',
  });
}

export function ownClient(): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'own_client',
    detail:
      'You are signed in with this client. Revoke it from another client, so that you are not locked out.',
  });
}

export function invalidClientMetadata(detail: string): ProblemError {
  return new ProblemError({ status: 400, code: 'invalid_client_metadata', detail });
}
