import { type Static, Type } from 'typebox';
import { accessTokenMembers } from '../sessions/token-answer.ts';

/** The answer of the token endpoint, for all grants. */
export const tokenAnswerSchema = Type.Object({
  ...accessTokenMembers,
  session_id: Type.Optional(Type.String({ description: 'Only for a code and a refresh.' })),
  refresh_token: Type.Optional(Type.String({ description: 'Only for a code and a refresh: the next one.' })),
  id_token: Type.Optional(Type.String({ description: 'Only for a code with the scope openid.' })),
  issued_token_type: Type.Optional(
    Type.String({ description: 'Only for a token exchange (RFC 8693 §2.2.1).' }),
  ),
});

export type TokenAnswer = Static<typeof tokenAnswerSchema>;
