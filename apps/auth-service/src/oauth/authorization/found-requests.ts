import { ProblemError } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import type { ClientStatuses } from '../../clients/client-statuses.ts';
import type { ClientDirectory, PersonsClient } from '../../clients/clients.ts';
import type { OwnCookies } from '../../logins/own-cookies.ts';
import { AuthorizationError } from './authorization-error.ts';
import { noProgress, type Progress } from './next-step.ts';
import type { PendingRequest, PendingRequests } from './pending-requests.ts';

export type FoundRequest = PendingRequest & { readonly client: PersonsClient };

export type FoundRequests = ReturnType<typeof createFoundRequests>;

/** The authorization requests whose pages are shown in a browser. */
export function createFoundRequests(parts: {
  readonly pending: PendingRequests;
  readonly clients: ClientDirectory;
  readonly clientStatuses: Pick<ClientStatuses, 'isRevoked'>;
  readonly cookies: OwnCookies;
}) {
  const { pending, clients, cookies } = parts;

  return {
    refuseRevoked,

    /** Rejects with ProblemError 404 when there is no such request in this browser. */
    async find(request: FastifyRequest, id: string): Promise<FoundRequest> {
      const found = await pending.find(id, cookies.browsersOf(request));
      const client = found && clients.find(found.request.clientId);
      if (found === undefined || client === undefined || client.kind === 'service') throw pageExpired();
      refuseRevoked(client);
      return { ...found, client };
    },

    /** Keeps how far the person of this login has come. */
    async advance(found: FoundRequest, by: Partial<Progress>): Promise<void> {
      const before = found.progress.login === by.login ? found.progress : noProgress;
      const progress = { ...before, ...by };
      await pending.update({ ...found, progress });
    },
  };

  function refuseRevoked({ id }: PersonsClient): void {
    if (parts.clientStatuses.isRevoked(id))
      throw new AuthorizationError('unauthorized_client', 'This client is revoked.');
  }
}

export function pageExpired(): ProblemError {
  return new ProblemError({ status: 404, code: 'not_found', detail: 'This page has expired.' });
}
