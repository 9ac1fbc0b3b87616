import type { Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../../audit/request-origin.ts';
import { isPublic, isSelfRegistered } from '../../clients/clients.ts';
import type { AuthenticateClient } from '../client-authentication/client-authentication.ts';
import type { ReadProof } from '../dpop-proofs.ts';
import { type RequestForm, readRequestForm, textOfRequestForm } from '../form-body.ts';
import { clientParameters, oauthErrorSchema, presentedBy, speakOAuth } from '../oauth-endpoint.ts';
import { TokenError } from '../token-error.ts';
import { AuthorizationError } from './authorization-error.ts';
import { type ParseOptions, parseAuthorizationRequest } from './authorization-request.ts';
import { type PushedRequests, pushedSeconds } from './pushed-requests.ts';

const parSchema = {
  summary: 'Pushed authorization request (RFC 9126)',
  description:
    'Takes the parameters of an authorization request from the client itself, so that no browser sees or changes them. ' +
    'The answer’s request_uri then replaces them at the authorization endpoint, once.',
  tags: ['tokens'],
  security: [],
  consumes: ['application/x-www-form-urlencoded'],
  body: Type.Object(clientParameters, { additionalProperties: true }),
  response: {
    201: Type.Object({
      request_uri: Type.String(),
      expires_in: Type.Integer({ description: 'Seconds.' }),
    }),
    400: oauthErrorSchema,
    401: oauthErrorSchema,
  },
};

/** Of which everything is kept. At the authorization endpoint, a URL is no longer either. */
const maxRequestBytes = 16 * 1024;

/** What authenticates the client is no part of its authorization request. */
const credentials = new Set(['client_assertion', 'client_assertion_type', 'client_secret']);

export type ParRouteOptions = {
  readonly authenticate: AuthenticateClient;
  readonly parsing: ParseOptions;
  readonly pushed: PushedRequests;
  readonly readProof: ReadProof;
  /** Counts the request of a client that anybody can be, by the address that it comes from. */
  readonly admit: (address: string) => Promise<void>;
};

/** POST /par. The request is checked as at the authorization endpoint, and refused with the same codes. */
export async function parRoute(app: Service, options: ParRouteOptions): Promise<void> {
  const { authenticate, parsing, pushed } = options;
  speakOAuth(app, '/par', readRequestForm);

  app.post('/par', { schema: parSchema, bodyLimit: maxRequestBytes }, async (request, reply) => {
    const client = await authenticate(presentedBy(request, request.body), requestOrigin(request));
    const { client_id: named, ...rest } = request.body as RequestForm;
    if (named !== undefined && named !== client.id)
      throw new TokenError('invalid_request', 'client_id is another client than the one that authenticated.');
    const parameters = Object.entries(rest).filter(([name]) => !credentials.has(name));
    // RFC 9449 §10.1: a proof says as much as dpop_jkt, and must not say anything else.
    const proven = await options.readProof(request, reply, null);
    if (proven !== undefined && rest['dpop_jkt'] !== undefined && rest['dpop_jkt'] !== proven)
      throw new TokenError('invalid_dpop_proof', 'dpop_jkt is another key than that of the proof.');
    const text = textOfRequestForm({
      client_id: client.id,
      ...Object.fromEntries(parameters),
      ...(proven !== undefined && { dpop_jkt: proven }),
    });
    try {
      parseAuthorizationRequest(text, parsing);
    } catch (error) {
      throw error instanceof AuthorizationError ? new TokenError(error.code, error.message) : error;
    }
    if (isPublic(client) || isSelfRegistered(client)) await options.admit(request.ip);
    reply.code(201).header('cache-control', 'no-store');
    return { request_uri: await pushed.keep(client.id, text), expires_in: pushedSeconds };
  });
}
