import { randomBytes } from 'node:crypto';
import { currentSetting, type Service } from '@latchkey/service-kit';
import { createAccounts } from './accounts/accounts.ts';
import type { Derive } from './accounts/password-hash.ts';
import { createAuditLog } from './audit/audit-log.ts';
import { createApplications, directoryOf } from './clients/applications.ts';
import { createClientStatuses } from './clients/client-statuses.ts';
import { createEncryptionKeys } from './clients/encryption-keys.ts';
import {
  type AuthConfig,
  clientsOf,
  encryptedServicesOf,
  maxAccessTokenSeconds,
  providersOf,
} from './config.ts';
import { createConsentStore } from './consents/consent-store.ts';
import type { AuthDatabase } from './database/open-auth-database.ts';
import { createElsewhere } from './federation/elsewhere.ts';
import { parseKeyEncryptionKeys } from './keys/encryption.ts';
import { createKeyRing } from './keys/key-ring.ts';
import { createLoginEnd } from './logins/end-login.ts';
import { createLoginStore } from './logins/login-store.ts';
import { createOwnCookies } from './logins/own-cookies.ts';
import { createAuthenticationFailures } from './oauth/client-authentication/authentication-failures.ts';
import { createAssertionVerifier } from './oauth/client-authentication/client-assertion.ts';
import { createClientAuthentication } from './oauth/client-authentication/client-authentication.ts';
import { createUsedAssertions } from './oauth/client-authentication/used-assertions.ts';
import { createLogoutDeliveries } from './oauth/logout/logout-deliveries.ts';
import { shardBeside } from './redis/cluster.ts';
import { connectRedis } from './redis/connection.ts';
import { createEvictionWatch } from './redis/eviction-watch.ts';
import { createRecords } from './redis/records.ts';
import { createDataSetStore } from './revocation/log/data-set-store.ts';
import { createDataSets } from './revocation/log/data-sets.ts';
import { retentionSeconds } from './revocation/log/revocation.ts';
import { createRevocations } from './revocation/revocations.ts';
import { createAuthorizationCodes } from './sessions/authorization-code.ts';
import { createLostRevocations } from './sessions/lost-revocations.ts';
import { createRefreshCookie } from './sessions/refresh-cookie.ts';
import { parseMacKeys } from './sessions/refresh-token.ts';
import { createSessionStore } from './sessions/session-store.ts';
import { createVerdictCounter } from './sessions/verdict-counter.ts';
import { createAccessTokenIssuer } from './tokens/access-token.ts';
import { createIdTokenIssuer } from './tokens/id-token.ts';
import { createLogoutTokenIssuer } from './tokens/logout-token.ts';

export type PartsOptions = {
  readonly app: Pick<Service, 'log' | 'metrics'>;
  readonly config: AuthConfig;
  readonly database: AuthDatabase;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly derive?: Derive | undefined;
};

export type Parts = Awaited<ReturnType<typeof createParts>>;

/**
 * Creates what the routes of auth-service use: its stores, keys and tokens, each after the ones that it needs. `start`
 * reads what Redis and Postgres have, and follows it from then on. `stop` also closes both.
 */
export async function createParts({ app, config, database, clock, derive }: PartsOptions) {
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
  const elsewhere = createElsewhere({
    issuer: config.ISSUER,
    providers: providersOf(config),
    ...{ db, records, accounts, audit, clock },
    sessions: sessionsWithLogins,
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
  const codes = createAuthorizationCodes({ redis, shards: config.REDIS_SHARDS, dataSets });
  const consents = createConsentStore({ db, clock });
  const issueIdToken = createIdTokenIssuer({ issuer: config.ISSUER, signer, clock });

  return {
    accounts,
    applications,
    audit,
    authenticate,
    clientStatuses,
    clients,
    codes,
    consents,
    cookie,
    dataSets,
    deliveries,
    elsewhere,
    encryption,
    evictions,
    issueAccessToken,
    issueIdToken,
    keyEncryptionKeys,
    keyRing,
    loginEnd,
    logins,
    onVerdict,
    ownCookies,
    records,
    redis,
    revocations,
    services: configured.services,
    sessions,
    sessionsWithLogins,

    async start(): Promise<void> {
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
    },

    async stop(): Promise<void> {
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
    },
  };
}
