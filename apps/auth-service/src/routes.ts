import fastifyCookie from '@fastify/cookie';
import { authClient } from '@latchkey/auth-client';
import { createRedisProofStore, replaysInStore } from '@latchkey/auth-client/proof';
import type { Service } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import { accountManagementRoutes } from './accounts/management-routes.ts';
import { accountRoutes } from './accounts/routes.ts';
import { clientRoutes } from './clients/routes.ts';
import type { AuthConfig } from './config.ts';
import { consentRoutes } from './consents/routes.ts';
import { elsewhereRoutes } from './federation/elsewhere.ts';
import { keyRoutes } from './keys/routes.ts';
import { authorizationPages } from './oauth/authorization-pages.ts';
import { clientEndpoints } from './oauth/client-endpoints.ts';
import { clientRegistrationRoute } from './oauth/client-registration-route.ts';
import { createProofReader } from './oauth/dpop-proofs.ts';
import { metadataRoute } from './oauth/metadata-route.ts';
import { createSubjectTokens } from './oauth/subject-tokens.ts';
import { userInfoRoute } from './oauth/userinfo-route.ts';
import type { Parts } from './parts.ts';
import type { DelegationPolicy } from './permissions/delegation-policy.ts';
import { audiences, userInfoAudience } from './permissions/resource-servers.ts';
import { parseResourceUrls } from './permissions/resource-urls.ts';
import { proofKey } from './redis/key-names.ts';
import { createProofMarks } from './redis/proof-marks.ts';
import { feedRoute } from './revocation/feed/route.ts';
import { createKeyProofs } from './sessions/key-proofs.ts';
import { requireRecentReturn } from './sessions/recent-return.ts';
import { sessionRoutes } from './sessions/session-routes.ts';

export type RoutesOptions = Parts & {
  readonly config: AuthConfig;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly policy: DelegationPolicy;
};

/** Adds all routes of auth-service to `app`. The parts must have started. */
export async function addRoutes(
  app: Service,
  {
    accounts,
    applications,
    audit,
    authenticate,
    clientStatuses,
    clients,
    clock,
    codes,
    config,
    consents,
    cookie,
    deliveries,
    elsewhere,
    encryption,
    issueAccessToken,
    issueIdToken,
    keyEncryptionKeys,
    keyRing,
    loginEnd,
    logins,
    onVerdict,
    ownCookies,
    policy,
    records,
    redis,
    revocations,
    services,
    sessions,
    sessionsWithLogins,
  }: RoutesOptions,
): Promise<void> {
  // Verifies its own tokens with the keys in memory, without an HTTP request to itself.
  const fetchKeys = async () => Response.json(keyRing.jwks(), { headers: { 'cache-control': 'max-age=5' } });
  const subjectTokens = await createSubjectTokens({
    issuer: config.ISSUER,
    jwksUri: config.JWKS_URI,
    fetchKeys,
    revocations: revocations.list,
    audiences: [...audiences, userInfoAudience, ...services.map(({ id }) => id)],
  });
  app.addHook('onClose', subjectTokens.close);
  await app.register(fastifyCookie);
  const usedProofs = {
    ...createRedisProofStore(createProofMarks(redis), {
      keyOf: proofKey,
      timeoutMs: config.REDIS_TIMEOUT_MS,
    }),
    nonceKey: async () => keyEncryptionKeys.deriveKey('proof nonces'),
  };
  const urls = [config.ISSUER, ...config.INTERNAL_URLS];
  const verifying = {
    url: urls,
    proofStore: usedProofs,
    issuer: config.ISSUER,
    jwksUri: config.JWKS_URI,
    jwksCooldownSeconds: 1,
    revocations: revocations.list,
    fetch: fetchKeys,
  };
  await app.register(userInfoRoute, { verifying, accounts, clients });
  await app.register(authClient, { ...verifying, audience: 'auth-service' });

  await app.register(keyRoutes, { keyRing, jwksMaxAgeSeconds: config.JWKS_MAX_AGE_SECONDS });
  await app.register(clientRoutes, { services, applications, clients, statuses: clientStatuses });
  const isRegistrationOpen = config.CLIENT_REGISTRATION === 'anybody';
  await app.register(metadataRoute, { issuer: config.ISSUER, isRegistrationOpen });
  if (isRegistrationOpen)
    await app.register(clientRegistrationRoute, { applications, admit: accounts.admitClient, clock });
  const refreshing = { sessions, issueAccessToken, encryption, audit, onVerdict };
  const resourceUrls = parseResourceUrls(config.RESOURCE_URLS);
  const seconds = () => clock() / 1000;
  const keyProofs = createKeyProofs({ urls, replays: replaysInStore(usedProofs, seconds) });
  const readProof = createProofReader(keyProofs);
  await app.register(clientEndpoints, {
    ...refreshing,
    authenticate,
    readProof,
    codes,
    consents,
    resourceUrls,
    accounts,
    issueIdToken,
    accessTokenSeconds: config.ACCESS_TOKEN_SECONDS,
    policy,
    subjectTokens,
    issuedFrom: () => revocations.log.issuedFrom,
    publish: revocations.publish,
    clientStatuses,
    isComplete: () => revocations.log.isFollowing,
  });
  await app.register(feedRoute, {
    issuer: config.ISSUER,
    revocations,
    keyRing,
    heartbeatMs: config.REVOCATION_HEARTBEAT_MS,
    clock,
  });
  await app.register(sessionRoutes, {
    ...refreshing,
    accounts,
    clients,
    clientStatuses,
    cookie,
    keyProofs,
    codes,
    sessionsWithLogins,
    endLogin: loginEnd.endOfBrowser,
  });
  const recent = (request: FastifyRequest) => requireRecentReturn(request, { sessions, clock });
  await app.register(accountRoutes, { accounts, requireRecentReturn: recent });
  await app.register(accountManagementRoutes, { accounts });
  await app.register(elsewhereRoutes, {
    ...elsewhere,
    ...{ accounts, clients, loginEnd, clock },
    cookies: ownCookies,
    admit: accounts.admitAuthorization,
    requireRecentReturn: recent,
  });
  await app.register(consentRoutes, { consents, sessions, clients, audit });
  await app.register(authorizationPages, {
    issuer: config.ISSUER,
    records,
    accounts,
    logins,
    consents,
    codes,
    clients,
    clientStatuses,
    authenticate,
    readProof,
    deliveries,
    loginEnd,
    resourceUrls,
    ...elsewhere,
    cookies: ownCookies,
    hintKeys: keyRing.hintKeys,
    audit,
    clock,
  });
}
