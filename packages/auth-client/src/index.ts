export type { AccessTokenClaims, ActorClaim, ServiceTokenClaims, UserTokenClaims } from './access-token.ts';
export { type AuthHook, callerOf } from './auth-hook.ts';
export type { Actor, Authentication, ServiceAuthentication, UserAuthentication } from './authentication.ts';
export type { Clock } from './clock.ts';
export { AuthClientError, AuthError, type AuthErrorCode } from './errors.ts';
export { createFetch } from './fetch.ts';
export { AuthClientOptionsError } from './option-checks.ts';
export type { AuthClientOptions, RevocationFeed } from './options.ts';
export { type AuthClient, authClient } from './plugin.ts';
export { requireRecentSignIn } from './recent-sign-in.ts';
export type { Refusal } from './refuse.ts';
export type { AccessOptions } from './requirements.ts';
export type { AccessTokenSource } from './revocation/access-token-source.ts';
export { concerns } from './revocation/concerns.ts';
export { FeedSilentError } from './revocation/feed-silence.ts';
export { type FollowRevocationsOptions, followRevocations } from './revocation/follow-revocations.ts';
export type { RevocationState } from './revocation/known-revocations.ts';
export { isRevocation, type Revocation } from './revocation/revocation.ts';
export {
  createRevocationList,
  type RevocableToken,
  type RevocationList,
  type RevocationListOptions,
} from './revocation/revocation-list.ts';
export type { FeedReports, RevocationFollower } from './revocation/subscribe.ts';
export {
  type ClientCredentialsOptions,
  createClientCredentials,
} from './service-client/client-credentials.ts';
export type { ServiceCounters } from './service-client/counters.ts';
export type { Hop } from './service-client/hop.ts';
export { HopError, type HopErrorCode, type HopOutcome } from './service-client/hop-error.ts';
export type { HopInit } from './service-client/hop-request.ts';
export {
  createServiceIdentity,
  type ServiceIdentity,
  type ServiceIdentityOptions,
} from './service-client/identity.ts';
export {
  createMemoryIdentityStore,
  type IdentityStore,
  type PublishedKey,
} from './service-client/identity-store.ts';
export type { HopSettings, ServiceClientOptions } from './service-client/options.ts';
export { type ServiceClient, serviceClient } from './service-client/plugin.ts';
