import type { Authentication } from '@latchkey/auth-client';
import { problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import { type AuthenticateClient, invalidClient } from './client-authentication/client-authentication.ts';
import type { Introspect } from './introspection.ts';
import { clientParameters, oauthErrorSchema, presentedBy, speakOAuth } from './oauth-endpoint.ts';

const seconds = Type.Optional(Type.Integer({ description: 'Seconds since 1970.' }));
const text = Type.Optional(Type.String());

/** RFC 7662 §2.2. For a token that is not active, the answer contains nothing else. */
const answerSchema = Type.Object({
  active: Type.Boolean(),
  scope: text,
  client_id: text,
  token_type: Type.Optional(Type.Enum(['Bearer', 'DPoP'])),
  exp: seconds,
  iat: seconds,
  sub: text,
  aud: Type.Optional(Type.Array(Type.String())),
  iss: text,
  jti: text,
  sid: Type.Optional(Type.String({ description: 'The session. Absent from a service’s own token.' })),
  auth_time: seconds,
  acr: text,
  act: Type.Optional(Type.Unknown({ description: 'Who acts for the subject (RFC 8693 §4.1).' })),
  cnf: Type.Optional(
    Type.Object(
      { jkt: Type.String() },
      { description: 'The key that its sender has to prove (RFC 9449 §6.2).' },
    ),
  ),
});

const introspectionSchema = {
  summary: 'Ask whether an access token is active (RFC 7662)',
  description:
    'For services, about tokens addressed to them. The session is looked up, so the answer is up to date.',
  tags: ['tokens'],
  security: [],
  consumes: ['application/x-www-form-urlencoded'],
  body: Type.Object(
    { token: Type.String(), token_type_hint: Type.Optional(Type.String()), ...clientParameters },
    { additionalProperties: true },
  ),
  response: {
    200: answerSchema,
    400: oauthErrorSchema,
    401: oauthErrorSchema,
    413: oauthErrorSchema,
    503: problemSchema,
  },
};

export type IntrospectionRouteOptions = {
  readonly authenticate: AuthenticateClient;
  readonly introspect: Introspect;
};

/** POST /introspect. */
export async function introspectionRoute(
  app: Service,
  { authenticate, introspect }: IntrospectionRouteOptions,
): Promise<void> {
  speakOAuth(app, '/introspect');

  app.post('/introspect', { schema: introspectionSchema }, async (request, reply) => {
    const presented = presentedBy(request, request.body);
    const client = await authenticate(presented, requestOrigin(request));
    if (client.kind !== 'service') throw invalidClient(presented, 'Only services may introspect.');
    const verified = await introspect(client, request.body.token);
    reply.header('cache-control', 'no-store');
    return verified === undefined ? { active: false } : activeAnswer(verified);
  });
}

function activeAnswer({ claims, audience }: Authentication) {
  const { scope, client_id, exp, iat, sub, iss, jti, sid, auth_time, acr, act, cnf } = claims;
  return {
    active: true,
    client_id,
    token_type: cnf === undefined ? ('Bearer' as const) : ('DPoP' as const),
    exp,
    iat,
    sub,
    aud: [...audience],
    iss,
    jti,
    ...(scope !== undefined && { scope }),
    ...(sid !== undefined && { sid, auth_time }),
    ...(acr !== undefined && { acr }),
    ...(act !== undefined && { act }),
    // RFC 9449 §6.2: the service has to check the proof.
    ...(cnf !== undefined && { cnf: { jkt: cnf.jkt } }),
  };
}
