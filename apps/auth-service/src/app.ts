import { randomBytes } from 'node:crypto';
import fastifyCookie from '@fastify/cookie';
import { authClient } from '@latchkey/auth-client';
import { createRedisProofStore, replaysInStore } from '@latchkey/auth-client/proof';
import { createService, currentSetting, type Service, type ServiceOptions } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import { createAccounts } from './accounts/accounts.ts';
import { accountManagementRoutes } from './accounts/management-routes.ts';
import type { Derive } from './accounts/password-hash.ts';
import { accountRoutes } from './accounts/routes.ts';
import { createAuditLog } from './audit/audit-log.ts';
import { createApplications, directoryOf } from './clients/applications.ts';
import { createClientStatuses } from './clients/client-statuses.ts';
import { createEncryptionKeys } from './clients/encryption-keys.ts';
import { clientRoutes } from './clients/routes.ts';
import {
  type AuthConfig,
  clientsOf,
  encryptedServicesOf,
  maxAccessTokenSeconds,
  providersOf,
} from './config.ts';
import { createConsentStore } from './consents/consent-store.ts';
import { consentRoutes } from './consents/routes.ts';
import type { AuthDatabase } from './database/open-auth-database.ts';
import { createElsewhere, elsewhereRoutes } from './federation/elsewhere.ts';
import { parseKeyEncryptionKeys } from './keys/encryption.ts';
import { createKeyRing } from './keys/key-ring.ts';
import { keyRoutes } from './keys/routes.ts';
import { createLoginEnd } from './logins/end-login.ts';
import { createLoginStore } from './logins/login-store.ts';
import { createOwnCookies } from './logins/own-cookies.ts';
import { authorizationPages } from './oauth/authorization-pages.ts';
import { createAuthenticationFailures } from './oauth/client-authentication/authentication-failures.ts';
import { createAssertionVerifier } from './oauth/client-authentication/client-assertion.ts';
import { createClientAuthentication } from './oauth/client-authentication/client-authentication.ts';
import { createUsedAssertions } from './oauth/client-authentication/used-assertions.ts';
import { clientEndpoints } from './oauth/client-endpoints.ts';
import { clientRegistrationRoute } from './oauth/client-registration-route.ts';
import { createProofReader } from './oauth/dpop-proofs.ts';
import { createLogoutDeliveries } from './oauth/logout/logout-deliveries.ts';
import { metadataRoute } from './oauth/metadata-route.ts';
import { openPathsOf } from './oauth/open-paths.ts';
import { createSubjectTokens } from './oauth/subject-tokens.ts';
import { userInfoRoute } from './oauth/userinfo-route.ts';
import { type DelegationPolicy, delegationPolicy } from './permissions/delegation-policy.ts';
import { audiences, userInfoAudience } from './permissions/resource-servers.ts';
import { parseResourceUrls } from './permissions/resource-urls.ts';
import { shardBeside } from './redis/cluster.ts';
import { connectRedis } from './redis/connection.ts';
import { createEvictionWatch } from './redis/eviction-watch.ts';
import { proofKey } from './redis/key-names.ts';
import { createProofMarks } from './redis/proof-marks.ts';
import { proveWritable } from './redis/prove-writable.ts';
import { createRecords } from './redis/records.ts';
import { feedRoute } from './revocation/feed/route.ts';
import { createDataSetStore } from './revocation/log/data-set-store.ts';
import { createDataSets } from './revocation/log/data-sets.ts';
import { retentionSeconds } from './revocation/log/revocation.ts';
import { createRevocations } from './revocation/revocations.ts';
import { createAuthorizationCodes } from './sessions/authorization-code.ts';
import { createKeyProofs } from './sessions/key-proofs.ts';
import { createLostRevocations } from './sessions/lost-revocations.ts';
import { requireRecentReturn } from './sessions/recent-return.ts';
import { createRefreshCookie } from './sessions/refresh-cookie.ts';
import { parseMacKeys } from './sessions/refresh-token.ts';
import { sessionRoutes } from './sessions/session-routes.ts';
import { createSessionStore } from './sessions/session-store.ts';
import { createVerdictCounter } from './sessions/verdict-counter.ts';
import { createAccessTokenIssuer } from './tokens/access-token.ts';
import { createIdTokenIssuer } from './tokens/id-token.ts';
import { createLogoutTokenIssuer } from './tokens/logout-token.ts';

export type AppOptions = {
  readonly config: AuthConfig;
  readonly database: AuthDatabase;
  /** Milliseconds since the epoch; default: the machine's clock. */
  readonly clock?: () => number;
  /** Default: `delegationPolicy`. */
  readonly delegationPolicy?: DelegationPolicy;
  readonly logDestination?: NonNullable<ServiceOptions['logDestination']>;
  /** How passwords are hashed; default: node:crypto's argon2id. */
  readonly derive?: Derive;
};

/**
 * Builds auth-service, ready to listen. When the service closes, it closes the database and its own Redis connection.
 */
export async function buildApp({
  config,
  database,
  clock = Date.now,
  delegationPolicy: policy = delegationPolicy,
  logDestination,
  derive,
}: AppOptions): Promise<Service> {
  const app = await createService({
    name: 'auth-service',
    title: 'Latchkey auth-service',
    description:
      'Signs people in, issues access tokens (RFC 9068), rotates refresh tokens, publishes its keys.',
    logLevel: config.LOG_LEVEL,
    corsOrigins: config.CORS_ORIGINS,
    openPaths: openPathsOf(config.ISSUER),
    trustedProxies: config.TRUSTED_PROXIES,
    basePath: { path: new URL(config.ISSUER).pathname, setting: 'ISSUER' },
    ...(logDestination && { logDestination }),
  });
  const { db } = database;
  const redisUrl = () => currentSetting(config, 'REDIS_URL');
  const redis = connectRedis({
    url: redisUrl,
    commandTimeoutMs: config.REDIS_TIMEOUT_MS,
    onError: (error) => app.log.warn({ reason: error.message }, 'redis connection'),
  });
  const retention = retentionSeconds({
    tokenSeconds: maxAccessTokenSeconds,
    skewSeconds: config.KEY_SKEW_SECONDS,
  });
  const keyEncryptionKeys = parseKeyEncryptionKeys(config.KEY_ENCRYPTION_KEY);
  const audit = createAuditLog({ db, log: app.log, clock });

  const evictions = createEvictionWatch({ redis, mode: config.REDIS_EVICTION, log: app.log });
  const redisParts = { redis, shards: config.REDIS_SHARDS, retentionMs: retention * 1000, clock };
  const dataSets = createDataSets({
    ...redisParts,
    lossSeconds: config.REDIS_LOSS_SECONDS,
    memory: createDataSetStore(db),
    log: app.log,
  });
  const records = createRecords({
    redis,
    confirmAbsence: (key) => dataSets.confirm(shardBeside(redis, key, config.REDIS_SHARDS)),
  });
  const revocations = createRevocations({
    redis,
    redisUrl,
    shards: config.REDIS_SHARDS,
    retentionSeconds: retention,
    dataSets,
    onError: (error) => app.log.warn({ err: error }, 'the revocation log failed'),
    clock,
  });
  const { publish } = revocations;
  const keyRing = createKeyRing({
    db,
    log: app.log,
    clock,
    audit,
    keyEncryptionKeys,
    publish,
    onRevoked: (keys) => revocations.list.apply(keys),
    jwksMaxAgeSeconds: config.JWKS_MAX_AGE_SECONDS,
    skewSeconds: config.KEY_SKEW_SECONDS,
    tokenSeconds: maxAccessTokenSeconds,
    rotationDays: config.KEY_ROTATION_DAYS,
    // An application keeps the ID token of a sign-in for as long as its session.
    hintSeconds: config.SESSION_SECONDS,
  });
  const clientStatuses = createClientStatuses({ db, log: app.log, audit, publish, clock });
  const macKeys = parseMacKeys(config.REFRESH_TOKEN_KEYS);
  const sessions = createSessionStore({
    redis,
    macKeys,
    shards: config.REDIS_SHARDS,
    sessionSeconds: config.SESSION_SECONDS,
    revocationSeconds: retention,
    dataSets,
    clock,
  });
  const configured = clientsOf(config);
  const applications = createApplications({
    db,
    firstParty: configured.firstParty,
    log: app.log,
    audit,
    clock,
  });
  const clients = directoryOf(configured, applications);
  const signer = () => keyRing.signer();
  const deliveries = createLogoutDeliveries({
    db,
    applications,
    sessions,
    issueLogoutToken: createLogoutTokenIssuer({ issuer: config.ISSUER, signer, clock }),
    audit,
    registry: app.metrics,
    log: app.log,
    clock,
  });
  const logins = createLoginStore({
    redis,
    shards: config.REDIS_SHARDS,
    revocationSeconds: retention,
    dataSets,
    clock,
  });
  const ownCookies = createOwnCookies({ issuer: config.ISSUER });
  const { announce } = deliveries;
  const loginEnd = createLoginEnd({ logins, sessions, clients, announce, audit, cookies: ownCookies });
  /** Whoever ends sessions of a person also ends the logins, or the next request would start a session again. */
  const sessionsWithLogins = {
    ...sessions,
    end: loginEnd.endSession,
    endAll: async (...[subject, ...rest]: Parameters<typeof sessions.endAll>) => {
      announce(await logins.endAll(subject));
      return sessions.endAll(subject, ...rest);
    },
  };
  const accounts = await createAccounts({
    db,
    redis,
    audit,
    clock,
    randomBytes,
    pseudonymKey: keyEncryptionKeys.deriveKey('pseudonyms'),
    hashConcurrency: config.PASSWORD_HASH_CONCURRENCY,
    sessions: sessionsWithLogins,
    ...(derive && { derive }),
  });
  const lostRevocations = createLostRevocations({
    sessions,
    endWithLogin: loginEnd.endSession,
    publish,
    rolesOf: accounts.find,
    log: app.log,
  });
  const encryption = createEncryptionKeys({
    services: configured.services,
    encrypted: encryptedServicesOf(config),
    log: app.log,
  });
  const issueAccessToken = createAccessTokenIssuer({
    issuer: config.ISSUER,
    lifetimeSeconds: config.ACCESS_TOKEN_SECONDS,
    signer,
    issuedFromOf: clientStatuses.issuedFromOf,
    encryption,
    clock,
  });
  const assertions = createAssertionVerifier({
    issuer: config.ISSUER,
    usedAssertions: createUsedAssertions({ ...redisParts, dataSets }),
    log: app.log,
    clock,
  });
  const authenticate = createClientAuthentication({
    clients,
    statuses: clientStatuses,
    verifyAssertion: assertions.verify,
    onFailure: createAuthenticationFailures({ audit, registry: app.metrics, clock }),
  });
  const cookie = createRefreshCookie({ issuer: config.ISSUER, macKeys, clock });
  const onVerdict = createVerdictCounter(app.metrics);

  app.addHook('onClose', async () => {
    assertions.close();
    encryption.close();
    await keyRing.stop();
    await clientStatuses.stop();
    await applications.stop();
    await deliveries.stop();
    await audit.close();
    lostRevocations.stop();
    await revocations.stop();
    evictions.stop();
    redis.disconnect();
    await database.close();
  });

  app.addReadinessCheck('redis', () => proveWritable(redis));

  app.addReadinessCheck('revocations', async () => {
    if (!revocations.log.isFollowing) throw new Error('the revocation log cannot be read');
  });

  app.addReadinessWarning('redis_may_evict', () => evictions.mayEvict !== false);
  app.addReadinessWarning('redis_data_unknown', () => !dataSets.areKnown);
  if (config.REDIS_EVICTION === 'refuse') {
    app.addReadinessCheck('redis_eviction', async () => {
      if (evictions.mayEvict !== false) throw new Error('Redis may evict keys');
    });
  }

  await evictions.start();
  await dataSets.start();
  await keyRing.start();
  await clientStatuses.start();
  await applications.start();
  deliveries.start();
  // Registered before the feed, so that a revoked key does not sign the event that announces its revocation.
  revocations.log.onBatch(({ revocations: batch }) => {
    keyRing.applyRevocations(batch);
    clientStatuses.applyRevocations(batch);
    deliveries.onRevocations(batch);
  });
  revocations.log.onLost(lostRevocations.repeat);
  await revocations.start();
  // Verifies its own tokens with the keys in memory, without an HTTP request to itself.
  const fetchKeys = async () => Response.json(keyRing.jwks(), { headers: { 'cache-control': 'max-age=5' } });
  const subjectTokens = await createSubjectTokens({
    issuer: config.ISSUER,
    jwksUri: config.JWKS_URI,
    fetchKeys,
    revocations: revocations.list,
    audiences: [...audiences, userInfoAudience, ...configured.services.map(({ id }) => id)],
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
  await app.register(clientRoutes, {
    services: configured.services,
    applications,
    clients,
    statuses: clientStatuses,
  });
  const isRegistrationOpen = config.CLIENT_REGISTRATION === 'anybody';
  await app.register(metadataRoute, { issuer: config.ISSUER, isRegistrationOpen });
  if (isRegistrationOpen)
    await app.register(clientRegistrationRoute, { applications, admit: accounts.admitClient, clock });
  const refreshing = { sessions, issueAccessToken, encryption, audit, onVerdict };
  const resourceUrls = parseResourceUrls(config.RESOURCE_URLS);
  const codes = createAuthorizationCodes({ redis, shards: config.REDIS_SHARDS, dataSets });
  const consents = createConsentStore({ db, clock });
  const issueIdToken = createIdTokenIssuer({ issuer: config.ISSUER, signer, clock });
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
    publish,
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
  const elsewhere = createElsewhere({
    issuer: config.ISSUER,
    providers: providersOf(config),
    ...{ db, records, accounts, audit, clock },
    sessions: sessionsWithLogins,
  });
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
  return app;
}
