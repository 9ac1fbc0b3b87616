import { sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import {
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });

/** People's accounts. `id` is the `sub` of the person's tokens: opaque, and never reused. */
export const accounts = pgTable('accounts', {
  id: text('id').primaryKey(),
  /** Normalised by normaliseUsername. */
  username: text('username').notNull().unique(),
  /** A PHC string. Null for somebody who only signs in at other providers. */
  passwordHash: text('password_hash'),
  roles: text('roles').array().notNull(),
  /** Grows with each change of the roles, so that two changes can be ordered. */
  rolesVersion: integer('roles_version').notNull().default(0),
  disabledAt: instant('disabled_at'),
  /** Null if the password was never changed. */
  passwordChangedAt: instant('password_changed_at'),
  createdAt: instant('created_at').notNull(),
  updatedAt: instant('updated_at').notNull(),
});

/** People's accounts at other providers. Nothing else about them is kept, and no token. */
export const identities = pgTable(
  'identities',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    /** The id of the provider in our settings. */
    provider: text('provider').notNull(),
    /** With the subject, what the provider calls them for good (OpenID Connect Core §2). */
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    /** How they want to be called there; null when the provider did not say. */
    displayName: text('display_name'),
    linkedAt: instant('linked_at').notNull(),
  },
  (table) => [
    uniqueIndex('identities_issuer_subject').on(table.issuer, table.subject),
    index('identities_account').on(table.accountId),
  ],
);

/** A public key in the format of the key set (RFC 7517 §4, RFC 7518 §6.3.1). */
export type PublicJwk = {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'RS256';
};

/**
 * Current and former signing keys. A key's times determine its state: see keys/life-cycle.ts. With the two partial
 * indexes, Postgres itself refuses a second active key and a second next key.
 */
export const signingKeys = pgTable(
  'signing_keys',
  {
    kid: text('kid').primaryKey(),
    publicJwk: jsonb('public_jwk').$type<PublicJwk>().notNull(),
    /** Erased when the key retires, because it never signs again. */
    encryptedPrivateKey: text('encrypted_private_key'),
    /** The id of the key-encryption key that it is encrypted under. */
    kekId: text('kek_id'),
    publishedAt: instant('published_at').notNull(),
    activatedAt: instant('activated_at'),
    retiredAt: instant('retired_at'),
    removedAt: instant('removed_at'),
  },
  (table) => [
    uniqueIndex('signing_keys_one_active')
      .on(sql`(true)`)
      .where(sql`${table.activatedAt} is not null and ${table.retiredAt} is null`),
    uniqueIndex('signing_keys_one_next')
      .on(sql`(true)`)
      .where(sql`${table.activatedAt} is null and ${table.removedAt} is null`),
  ],
);

/** Clients whose status was ever changed. Clients without a row are active. */
export const clientStatuses = pgTable('client_statuses', {
  clientId: text('client_id').primaryKey(),
  /** Null while it is active. */
  revokedAt: instant('revoked_at'),
  /** Tokens of this client with an earlier `iat` are revoked. Whole seconds. */
  tokensFrom: instant('tokens_from').notNull(),
});

/** How a registered client authenticates at the token endpoint (RFC 7591 §2, `token_endpoint_auth_method`). */
export type ClientAuthenticationMethod = 'none' | 'client_secret_basic' | 'private_key_jwt';

/** Clients that people sign in with: applications of others, and our own. Services are in the configuration. */
export const applications = pgTable('applications', {
  clientId: text('client_id').primaryKey(),
  /** Only a command of auth-service makes a client one of our own: see clients/first-party.ts. */
  kind: text('kind').$type<'application' | 'browser' | 'native'>().notNull().default('application'),
  /** Shown to people when they sign in to it. */
  name: text('name').notNull(),
  logoUri: text('logo_uri'),
  redirectUris: text('redirect_uris').array().notNull(),
  /** Where people may return to after they have signed out (OpenID Connect RP-Initiated Logout §3). */
  postLogoutRedirectUris: text('post_logout_redirect_uris').array().notNull().default([]),
  /** Where it wants to be told of ended sessions (OpenID Connect Back-Channel Logout §2.2). */
  backchannelLogoutUri: text('backchannel_logout_uri'),
  /** The most that it may ask people for. */
  scopes: text('scopes').array().notNull(),
  authentication: text('authentication').$type<ClientAuthenticationMethod>().notNull(),
  /** SHA-256 of the secret, in base64url. The secret has 256 random bits, so it needs no slow hash. */
  secretHash: text('secret_hash'),
  jwksUri: text('jwks_uri'),
  /** Not null: the application gets pairwise subjects (OpenID Connect Core §8). */
  pairwiseSector: text('pairwise_sector').references(() => pairwiseSectors.sector),
  /** Of our own clients: the most devices on which a person may be signed in with it. Null: no limit. */
  maxSessions: integer('max_sessions'),
  /** It gets no token without a proof of possession (RFC 9449 §5.2). */
  isBoundOnly: boolean('is_bound_only').notNull().default(false),
  createdAt: instant('created_at').notNull(),
});

/**
 * Applications of one sector know a person by the same pairwise subject. It is derived with the sector's salt. Rows stay
 * when applications are removed, so that one that is registered anew knows its people.
 */
export const pairwiseSectors = pgTable('pairwise_sectors', {
  sector: text('sector').primaryKey(),
  /** 256 random bits in base64url. */
  salt: text('salt').notNull(),
});

/** What people allowed applications to do. */
export const consents = pgTable(
  'consents',
  {
    subject: text('subject')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    clientId: text('client_id').notNull(),
    scopes: text('scopes').array().notNull(),
    grantedAt: instant('granted_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.subject, table.clientId] })],
);

/** Logout tokens that have to be delivered to applications. A row goes when it is delivered or given up. */
export const logoutDeliveries = pgTable(
  'logout_deliveries',
  {
    sessionId: text('session_id').primaryKey(),
    clientId: text('client_id').notNull(),
    subject: text('subject').notNull(),
    since: instant('since').notNull(),
    attempts: integer('attempts').notNull().default(0),
    nextAttemptAt: instant('next_attempt_at').notNull(),
  },
  (table) => [index('logout_deliveries_next').on(table.nextAttemptAt)],
);

/** The known data set of each shard of Redis: see revocation/log/data-sets.ts. */
export const redisDataSets = pgTable('redis_data_sets', {
  shard: integer('shard').primaryKey(),
  id: text('id').notNull(),
  /** No other data set was known before it. */
  isFirst: boolean('is_first').notNull(),
});

/** The audit log. Rows are added, never changed. */
export const auditEvents = pgTable(
  'audit_events',
  {
    id: bigserial('id', { mode: 'bigint' }).primaryKey(),
    at: instant('at').notNull(),
    event: text('event').notNull(),
    subject: text('subject'),
    sessionId: text('session_id'),
    clientId: text('client_id'),
    address: text('address'),
    requestId: text('request_id'),
    traceId: text('trace_id'),
    details: jsonb('details').$type<Record<string, unknown>>(),
  },
  (table) => [index('audit_events_subject_at').on(table.subject, table.at)],
);

export const authSchema = {
  accounts,
  identities,
  signingKeys,
  clientStatuses,
  applications,
  pairwiseSectors,
  consents,
  logoutDeliveries,
  redisDataSets,
  auditEvents,
};

/** The `db` that service-kit's openDatabase returns for this schema. */
export type Database = NodePgDatabase<typeof authSchema>;

/** The transaction that `db.transaction` passes to its callback. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];
