import { ProblemError, problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { passwordSchema } from '../accounts/password-schema.ts';
import { requestOrigin } from '../audit/request-origin.ts';
import type { ClientStatuses } from '../clients/client-statuses.ts';
import type { ClientDirectory, PublicClient } from '../clients/clients.ts';
import { refuseRevoked } from '../clients/refusals.ts';
import { parseScope } from '../permissions/scope.ts';
import { checkBrowserOrigin, refuseCrossSite } from './browser-origin.ts';
import { deviceNameFrom } from './device-name.ts';
import { deviceNameSchema, keptDeviceName } from './device-name-schema.ts';
import { type KeyProofs, replacedKeyProof, signInKeys } from './key-proofs.ts';
import type { RefreshCookie } from './refresh-cookie.ts';
import { type SignInParts, signIn } from './sign-in.ts';
import { answerWithTokens, sessionAnswerSchema } from './token-answer.ts';

const signInSchema = {
  summary: 'Sign in: start a session on this device',
  tags: ['sessions'],
  security: [],
  body: Type.Object(
    {
      client_id: Type.String({ maxLength: 64 }),
      username: Type.String({ minLength: 1, maxLength: 256 }),
      password: passwordSchema,
      device_name: Type.Optional(deviceNameSchema),
      replaced_key_proof: replacedKeyProof,
      scope: Type.Optional(
        Type.String({
          maxLength: 1024,
          description: 'Fewer scopes than the roles allow, for a session with less power.',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  response: {
    201: sessionAnswerSchema,
    400: problemSchema,
    401: problemSchema,
    403: problemSchema,
    429: problemSchema,
    503: problemSchema,
  },
};

export type SignInRouteOptions = SignInParts & {
  readonly clients: ClientDirectory;
  readonly clientStatuses: Pick<ClientStatuses, 'isRevoked'>;
  readonly cookie: RefreshCookie;
  readonly keyProofs: KeyProofs;
};

/**
 * POST /sessions: checks user name and password; answers with a session and its first tokens. They are bound to the key
 * of the request's proof, if it has one.
 */
export async function signInRoute(app: Service, options: SignInRouteOptions): Promise<void> {
  app.post('/sessions', { schema: signInSchema }, async (request, reply) => {
    const { client_id: clientId, username, password, device_name: typedName, scope } = request.body;
    const client = clientOr400(options.clients, clientId);
    checkBrowserOrigin(request, client);
    refuseCrossSite(request, client);
    refuseRevoked(options.clientStatuses, client);
    const scopes = scopesOr400(scope);
    const deviceName = typedName === undefined ? undefined : keptDeviceName(typedName);
    const { boundTo, provenKeys } = await signInKeys(options.keyProofs, request, { reply, client });
    const held = client.kind === 'browser' ? options.cookie.read(request, client.id) : [];

    const tokens = await signIn(options, {
      username,
      password,
      client,
      scopes,
      deviceName: deviceName ?? deviceNameFrom(request.headers['user-agent']),
      boundTo,
      refreshBoundTo: boundTo,
      replaces: { refreshTokens: held.map(({ text }) => text), provenKeys },
      origin: requestOrigin(request),
    });
    reply.code(201);
    return answerWithTokens(reply, { tokens, client, cookie: options.cookie });
  });
}

function clientOr400(clients: ClientDirectory, clientId: string): PublicClient {
  const client = clients.find(clientId);
  if (client?.kind === 'application') throw ownPagesOnly();
  if (client && client.kind !== 'service') return client;
  throw new ProblemError({
    status: 400,
    code: 'unknown_client',
    detail: 'There is no client with this client_id.',
  });
}

function scopesOr400(scope: string | undefined): string[] | undefined {
  if (scope === undefined) return undefined;
  const scopes = parseScope(scope);
  if (scopes) return scopes;
  throw new ProblemError({
    status: 400,
    code: 'malformed_scope',
    detail: 'scope must be a list of scope names, separated by single spaces.',
  });
}

/** An application of others must never see a password. */
function ownPagesOnly(): ProblemError {
  return new ProblemError({
    status: 400,
    code: 'unknown_client',
    detail: 'People sign in to this client at the authorization endpoint.',
  });
}
