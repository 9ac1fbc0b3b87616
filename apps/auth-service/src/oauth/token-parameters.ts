import { type Static, Type } from 'typebox';
import { clientParameters } from './oauth-endpoint.ts';

const text = (maxLength: number, description?: string) =>
  Type.Optional(Type.String({ maxLength, ...(description && { description }) }));

/** The parameters of the token endpoint. RFC 6749 §3.2: unrecognised parameters are ignored. */
export const tokenParametersSchema = Type.Object(
  {
    grant_type: Type.String({ maxLength: 128 }),
    ...clientParameters,
    scope: text(1024),
    refresh_token: text(256),
    code: text(256),
    redirect_uri: text(2048),
    code_verifier: text(256, 'RFC 7636 §4.1.'),
    subject_token: Type.Optional(Type.String({ description: "The person's access token (RFC 8693 §2.1)." })),
    subject_token_type: text(128),
    audience: text(256, 'The service that the new token is for.'),
    requested_token_type: text(128),
    actor_token: Type.Optional(Type.String({ description: 'Refused: the client is the actor.' })),
    actor_token_type: text(128),
    resource: text(
      2048,
      'The URL of the only service that the token is for (RFC 8707). Not for a token exchange.',
    ),
  },
  { additionalProperties: true },
);

export type TokenParameters = Static<typeof tokenParametersSchema>;
