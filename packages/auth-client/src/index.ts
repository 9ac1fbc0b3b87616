export type { AccessTokenClaims, ActorClaim } from './access-token.ts';
export type { Actor, Authentication } from './authentication.ts';
export type { Clock } from './clock.ts';
export { AuthClientError, AuthError, type AuthErrorCode } from './errors.ts';
export { type AuthClientOptions, AuthClientOptionsError } from './options.ts';
export { type AuthClient, type AuthHook, authClient } from './plugin.ts';
