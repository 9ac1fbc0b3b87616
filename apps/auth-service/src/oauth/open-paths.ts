import { metadataPathsOf } from './metadata-route.ts';

/**
 * What the pages of other sites call themselves when they are clients (RFC 6749 §2.1, user-agent-based). None of these
 * routes looks at a cookie, so any page may read their answers.
 */
export const openPathsOf = (issuer: string): readonly string[] => [
  ...metadataPathsOf(issuer),
  '/.well-known/jwks.json',
  '/token',
  '/revoke',
  '/userinfo',
];
