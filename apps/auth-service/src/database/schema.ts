import { sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import {
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });

/** People. `id` is the `sub` of their tokens: opaque, and never given to another person. */
export const accounts = pgTable('accounts', {
  id: text('id').primaryKey(),
  /** As normaliseUsername made it. */
  username: text('username').notNull().unique(),
  /** A PHC string. */
  passwordHash: text('password_hash').notNull(),
  roles: text('roles').array().notNull(),
  /** Counts the changes of roles, so that whoever hears of two can tell which came last. */
  rolesVersion: integer('roles_version').notNull().default(0),
  disabledAt: instant('disabled_at'),
  /** Null: it is the one that the account was made with. */
  passwordChangedAt: instant('password_changed_at'),
  createdAt: instant('created_at').notNull(),
  updatedAt: instant('updated_at').notNull(),
});

/** A public key as the key set shows it (RFC 7517 §4, RFC 7518 §6.3.1). */
export type PublicJwk = {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'RS256';
};

/**
 * Signing keys, and what became of them. Which state a key is in follows from its times: see keys/life-cycle.ts.
 * The two partial indexes have Postgres itself refuse a second active key, and a second one waiting to be it.
 */
export const signingKeys = pgTable(
  'signing_keys',
  {
    kid: text('kid').primaryKey(),
    publicJwk: jsonb('public_jwk').$type<PublicJwk>().notNull(),
    /** Erased when the key retires: nobody signs with it again. */
    encryptedPrivateKey: text('encrypted_private_key'),
    /** Which key-encryption key it is encrypted under. */
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

/**
 * Clients whose status was ever changed; those that are not here are active. Which clients there are stands in
 * clients/clients.ts and in the configuration.
 */
export const clientStatuses = pgTable('client_statuses', {
  clientId: text('client_id').primaryKey(),
  /** Null while it is active. */
  revokedAt: instant('revoked_at'),
  /** No token of this client with an earlier `iat` is good. Whole seconds. */
  tokensFrom: instant('tokens_from').notNull(),
});

/** The data set that each shard of Redis is known to have: see revocation/log/data-sets.ts. */
export const redisDataSets = pgTable('redis_data_sets', {
  shard: integer('shard').primaryKey(),
  id: text('id').notNull(),
  /** No other one was known before it. */
  isFirst: boolean('is_first').notNull(),
});

/** What happened, for whoever has to find out later. Rows are added, never changed. */
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

export const authSchema = { accounts, signingKeys, clientStatuses, redisDataSets, auditEvents };

/** What openDatabase of service-kit returns as `db` for this schema. */
export type Database = NodePgDatabase<typeof authSchema>;

/** What `db.transaction` hands to its callback. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];
