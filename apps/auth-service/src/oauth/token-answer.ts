import { type Static, Type } from 'typebox';
import { accessTokenMembers } from '../sessions/token-answer.ts';

/** Whatever the token endpoint hands out. */
export const tokenAnswerSchema = Type.Object({
  ...accessTokenMembers,
  session_id: Type.Optional(Type.String({ description: 'Of a refresh.' })),
  refresh_token: Type.Optional(Type.String({ description: 'Of a refresh: the next one.' })),
  issued_token_type: Type.Optional(Type.String({ description: 'Of a token exchange (RFC 8693 §2.2.1).' })),
});

export type TokenAnswer = Static<typeof tokenAnswerSchema>;
