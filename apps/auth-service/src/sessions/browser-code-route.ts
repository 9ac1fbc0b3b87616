import { ProblemError, problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { ClientStatuses } from '../clients/client-statuses.ts';
import type { ClientDirectory } from '../clients/clients.ts';
import { browserClientOr400, refuseRevoked } from '../clients/refusals.ts';
import { checkBrowserOrigin, refuseCrossSite } from './browser-origin.ts';
import { type CodeSignInParts, signInByCode, verifierPattern } from './code-sign-in.ts';
import { deviceNameFrom } from './device-name.ts';
import { type KeyProofs, replacedKeyProof, signInKeys } from './key-proofs.ts';
import type { RefreshCookie } from './refresh-cookie.ts';
import { CodeRefusedError } from './session-starts.ts';
import { answerWithTokens, sessionAnswerSchema } from './token-answer.ts';

const browserCodeSchema = {
  summary: 'Sign in by an authorization code: start a session in this browser',
  description: "The browser's counterpart of POST /token with an authorization code.",
  tags: ['sessions'],
  security: [],
  body: Type.Object(
    {
      client_id: Type.String({ maxLength: 64 }),
      code: Type.String({ maxLength: 256 }),
      redirect_uri: Type.String({ maxLength: 2048 }),
      code_verifier: Type.String({ pattern: verifierPattern.source, description: 'RFC 7636 §4.1.' }),
      replaced_key_proof: replacedKeyProof,
    },
    { additionalProperties: false },
  ),
  response: {
    201: sessionAnswerSchema,
    400: problemSchema,
    401: problemSchema,
    403: problemSchema,
    503: problemSchema,
  },
};

export type BrowserCodeRouteOptions = CodeSignInParts & {
  readonly clients: ClientDirectory;
  readonly clientStatuses: Pick<ClientStatuses, 'isRevoked'>;
  readonly cookie: RefreshCookie;
  readonly keyProofs: KeyProofs;
};

/** POST /sessions/code: redeems the code of a page, and answers as POST /sessions does. */
export async function browserCodeRoute(app: Service, options: BrowserCodeRouteOptions): Promise<void> {
  const { clients, clientStatuses, cookie } = options;

  app.post('/sessions/code', { schema: browserCodeSchema }, async (request, reply) => {
    const { client_id: clientId, code, redirect_uri: redirectUri, code_verifier: verifier } = request.body;
    const client = browserClientOr400(clients, clientId);
    checkBrowserOrigin(request, client);
    refuseCrossSite(request, client);
    refuseRevoked(clientStatuses, client);
    const { boundTo, provenKeys } = await signInKeys(options.keyProofs, request, { reply, client });
    const { tokens } = await signInByCode(options, {
      client,
      code,
      redirectUri,
      verifier,
      deviceName: deviceNameFrom(request.headers['user-agent']),
      boundTo,
      refreshBoundTo: boundTo,
      replaces: { refreshTokens: cookie.read(request, client.id).map(({ text }) => text), provenKeys },
      origin: requestOrigin(request),
    }).catch((error: unknown) => {
      throw error instanceof CodeRefusedError ? invalidCode(error) : error;
    });
    reply.code(201);
    return answerWithTokens(reply, { tokens, client, cookie });
  });
}

/** The same answer for a code that is unknown, expired, used, or was issued for something else. */
function invalidCode(cause: CodeRefusedError): ProblemError {
  return new ProblemError({
    status: 400,
    code: 'invalid_code',
    detail: 'The code is not valid. Start again at the authorization endpoint.',
    cause,
  });
}
