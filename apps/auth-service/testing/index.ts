/** The internals of auth-service that tests and measurements of the whole system may use. */
export { connectRedis } from '../src/redis/connection.ts';
export type { NewSession } from '../src/sessions/session-starts.ts';
export { createSessionStore } from '../src/sessions/session-store.ts';
export type { TokenClaims } from '../src/tokens/claims.ts';
export { ageSession } from './age-session.ts';
export { openSigner, type SignAccessToken } from './signer.ts';
