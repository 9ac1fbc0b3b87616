import { ProblemError, problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { ClientStatuses } from '../clients/client-statuses.ts';
import type { ClientDirectory } from '../clients/clients.ts';
import { browserClientOr400, refuseRevoked } from '../clients/refusals.ts';
import { checkBrowserOrigin, isCrossSite } from './browser-origin.ts';
import type { KeyProofs } from './key-proofs.ts';
import type { RefreshCookie } from './refresh-cookie.ts';
import { type RefreshingParts, RefreshRefusedError, refreshTokens } from './refreshing.ts';
import { answerWithTokens, sessionAnswerSchema } from './token-answer.ts';

const browserRefreshSchema = {
  summary: "Refresh a browser's session by its cookie",
  tags: ['sessions'],
  security: [],
  body: Type.Object({ client_id: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
  response: {
    200: sessionAnswerSchema,
    400: problemSchema,
    401: problemSchema,
    403: problemSchema,
    503: problemSchema,
  },
};

export type BrowserRefreshRouteOptions = RefreshingParts & {
  readonly clients: ClientDirectory;
  readonly clientStatuses: Pick<ClientStatuses, 'isRevoked'>;
  readonly cookie: RefreshCookie;
  readonly keyProofs: KeyProofs;
};

/**
 * POST /sessions/refresh, the browser's counterpart of POST /token. 401: sign in again; `reason` says why, if known.
 * `foreign_key`: the session goes on, and this browser did not prove to have its key.
 */
export async function browserRefreshRoute(app: Service, options: BrowserRefreshRouteOptions): Promise<void> {
  const { clients, cookie } = options;

  app.post('/sessions/refresh', { schema: browserRefreshSchema }, async (request, reply) => {
    const client = browserClientOr400(clients, request.body.client_id);
    checkBrowserOrigin(request, client);
    // The cookie stays, so that the session continues if the client is reinstated.
    refuseRevoked(options.clientStatuses, client);
    const proven = await options.keyProofs.keyOf(request, reply, client);
    const refusals = new Map<string, RefreshRefusedError>();
    for (const { text: refreshToken, sessionId } of cookie.read(request, client.id)) {
      try {
        const presented = { refreshToken, client, proven, origin: requestOrigin(request) };
        return answerWithTokens(reply, { tokens: await refreshTokens(options, presented), client, cookie });
      } catch (error) {
        if (!(error instanceof RefreshRefusedError)) throw error;
        refusals.set(sessionId, error);
      }
    }
    const isOver = (sessionId: string) => refusals.get(sessionId)?.code === 'session_over';
    cookie.clear(reply, { clientId: client.id, isOver });
    throw signInAgain([...refusals.values()], isCrossSite(request) ? 'cross_site' : 'no_cookie');
  });
}

function signInAgain(refusals: readonly RefreshRefusedError[], withoutCookie: string): ProblemError {
  const cause = refusals.find(({ reason }) => reason !== undefined) ?? refusals[0];
  const reason = cause === undefined ? withoutCookie : cause.reason;
  return new ProblemError({
    status: 401,
    code: 'session_ended',
    detail: 'There is no session here any more. Sign in again.',
    ...(reason !== undefined && { extensions: { reason } }),
    cause,
  });
}
