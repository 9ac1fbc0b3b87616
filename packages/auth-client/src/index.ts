export { AuthClientError, AuthError, type AuthErrorCode } from './errors.ts';
export { isRevocation, type Revocation } from './feed/revocation.ts';
export type { EncryptionJwk } from './key-set/encryption-key.ts';
export type { TokenDecryption } from './key-set/token-decryption.ts';
export { type AuthHook, callerOf } from './plugin/auth-hook.ts';
export type { RevocationState } from './plugin/known-revocations.ts';
export type { AuthClientOptions, ProtectedResource, RevocationFeed } from './plugin/options.ts';
export { type AuthClient, authClient } from './plugin/plugin.ts';
export { requireRecentSignIn } from './plugin/recent-sign-in.ts';
export type { Refusal } from './plugin/refuse.ts';
export type { AccessOptions } from './plugin/requirements.ts';
export type { AccessTokenSource, OwnToken } from './revocation/access-token-source.ts';
export { concerns } from './revocation/concerns.ts';
export { FeedSilentError } from './revocation/feed-silence.ts';
export { type FollowRevocationsOptions, followRevocations } from './revocation/follow-revocations.ts';
export {
  createRevocationList,
  type RevocableToken,
  type RevocationList,
  type RevocationListOptions,
} from './revocation/revocation-list.ts';
export type { FeedReports, RevocationFollower } from './revocation/subscribe.ts';
export type { Clock } from './runtime/clock.ts';
export { createFetch } from './runtime/fetch.ts';
export { AuthClientOptionsError } from './runtime/option-checks.ts';
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
export type { HopSettings, ProofOfPossession, ServiceClientOptions } from './service-client/options.ts';
export { type ServiceClient, serviceClient } from './service-client/plugin.ts';
export type {
  AccessTokenClaims,
  ActorClaim,
  ServiceTokenClaims,
  UserTokenClaims,
} from './token/access-token.ts';
export type {
  Actor,
  Authentication,
  ServiceAuthentication,
  UserAuthentication,
} from './token/authentication.ts';
export { signedTokenOf } from './token/encrypted-token.ts';
