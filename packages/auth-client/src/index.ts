export type { AccessTokenClaims, ActorClaim, ServiceTokenClaims, UserTokenClaims } from './access-token.ts';
export type { Actor, Authentication, ServiceAuthentication, UserAuthentication } from './authentication.ts';
export type { Clock } from './clock.ts';
export { AuthClientError, AuthError, type AuthErrorCode } from './errors.ts';
export { AuthClientOptionsError } from './option-checks.ts';
export type { AuthClientOptions } from './options.ts';
export { type AuthClient, type AuthHook, authClient } from './plugin.ts';
export type { AccessOptions } from './requirements.ts';
