import { randomBytes } from 'node:crypto';
import { nowOrNever } from '@latchkey/service-kit';
import { asc, eq } from 'drizzle-orm';
import { applications, consents, type Database, pairwiseSectors } from '../database/schema.ts';
import { applicationScopes } from '../permissions/resource-servers.ts';
import type { ApplicationClient, PersonsClient } from './clients.ts';
import {
  type FirstPartyRow,
  type FirstPartySettings,
  firstPartyClient,
  seededClients,
} from './first-party.ts';

/** Reads all clients that people sign in with, each kind together. */
export async function readApplications(
  db: Database,
  settings: FirstPartySettings,
): Promise<readonly PersonsClient[]> {
  const rows = await db
    .select()
    .from(applications)
    .leftJoin(pairwiseSectors, eq(applications.pairwiseSector, pairwiseSectors.sector))
    .orderBy(asc(applications.kind), asc(applications.clientId));
  return rows.map(({ applications: row, pairwise_sectors: pairwise }) => {
    const { kind } = row;
    return kind === 'application'
      ? applicationOf(row, pairwise)
      : firstPartyClient(firstPartyRowOf({ ...row, kind }), settings);
  });
}

/** Adds those of our own clients that are missing. */
export async function seedApplications(db: Database, createdAt: Date): Promise<void> {
  const rows = seededClients.map((client) => ({ ...rowOfFirstParty(client), createdAt }));
  await db.insert(applications).values(rows).onConflictDoNothing();
}

/** Returns a sector with its salt, which is drawn when there is none. */
export async function ensureSector(
  db: Database,
  sector: string,
): Promise<NonNullable<ApplicationClient['pairwise']>> {
  const salt = randomBytes(32).toString('base64url');
  // An update that changes nothing, so that the row of somebody else is returned as well.
  const [row] = await db
    .insert(pairwiseSectors)
    .values({ sector, salt })
    .onConflictDoUpdate({ target: pairwiseSectors.sector, set: { sector } })
    .returning();
  if (row === undefined) throw new Error('the sector was not stored');
  return row;
}

/** Adds an application; false when its id is taken. Not later, when nobody would have its secret. */
export async function insertApplication(
  db: Database,
  application: ApplicationClient,
  createdAt: Date,
): Promise<boolean> {
  const added = await nowOrNever(db, (tx) =>
    tx
      .insert(applications)
      .values({ ...rowOf(application), createdAt })
      .onConflictDoNothing()
      .returning({ id: applications.clientId }),
  );
  return added.length === 1;
}

/** Adds an application, or changes the one with its id. `createdAt` is for a new one. */
export async function upsertApplication(
  db: Database,
  application: ApplicationClient | FirstPartyRow,
  createdAt: Date,
): Promise<void> {
  const row = application.kind === 'application' ? rowOf(application) : rowOfFirstParty(application);
  await nowOrNever(db, (tx) =>
    tx
      .insert(applications)
      .values({ ...row, createdAt })
      .onConflictDoUpdate({ target: applications.clientId, set: row }),
  );
}

/** Removes an application and what people allowed it; false when there is none with this id. */
export async function deleteApplication(db: Database, id: string): Promise<boolean> {
  return db.transaction(async (transaction) => {
    await transaction.delete(consents).where(eq(consents.clientId, id));
    const removed = await transaction
      .delete(applications)
      .where(eq(applications.clientId, id))
      .returning({ id: applications.clientId });
    return removed.length === 1;
  });
}

function rowOf({ id, name, scopes, authentication, pairwise, isBoundOnly, ...uris }: ApplicationClient) {
  return {
    clientId: id,
    kind: 'application' as const,
    maxSessions: null,
    isBoundOnly,
    name,
    redirectUris: [...uris.redirectUris],
    postLogoutRedirectUris: [...uris.postLogoutRedirectUris],
    backchannelLogoutUri: uris.backchannelLogoutUri,
    logoUri: uris.logoUri,
    scopes: [...scopes],
    authentication: authentication.method,
    secretHash: authentication.method === 'client_secret_basic' ? authentication.secretHash : null,
    jwksUri: authentication.method === 'private_key_jwt' ? authentication.jwksUri : null,
    pairwiseSector: pairwise?.sector ?? null,
  };
}

function firstPartyRowOf({
  clientId: id,
  ...row
}: typeof applications.$inferSelect & Pick<FirstPartyRow, 'kind'>): FirstPartyRow {
  const { name, kind, redirectUris, maxSessions, isBoundOnly } = row;
  return { id, name, kind, redirectUris, maxSessions, isBoundOnly };
}

function rowOfFirstParty({ id, name, kind, redirectUris, maxSessions, isBoundOnly }: FirstPartyRow) {
  return {
    clientId: id,
    kind,
    maxSessions,
    isBoundOnly,
    name,
    redirectUris: [...redirectUris],
    postLogoutRedirectUris: [],
    backchannelLogoutUri: null,
    // All that the person's roles allow, and no secret: see PublicClient.
    scopes: [],
    authentication: 'none' as const,
    secretHash: null,
    jwksUri: null,
    logoUri: null,
    pairwiseSector: null,
  };
}

function applicationOf(
  row: typeof applications.$inferSelect,
  pairwise: typeof pairwiseSectors.$inferSelect | null,
): ApplicationClient {
  return {
    id: row.clientId,
    name: row.name,
    kind: 'application',
    redirectUris: row.redirectUris,
    postLogoutRedirectUris: row.postLogoutRedirectUris,
    backchannelLogoutUri: row.backchannelLogoutUri,
    logoUri: row.logoUri,
    pairwise,
    // A scope that this version no longer knows allows nothing.
    scopes: row.scopes.filter((scope) => applicationScopes.includes(scope)),
    maxSessions: null,
    isBoundOnly: row.isBoundOnly,
    authentication: authenticationOf(row),
  };
}

function authenticationOf({
  clientId,
  authentication,
  secretHash,
  jwksUri,
}: typeof applications.$inferSelect): ApplicationClient['authentication'] {
  if (authentication === 'none') return { method: 'none' };
  if (authentication === 'client_secret_basic' && secretHash !== null)
    return { method: authentication, secretHash };
  if (authentication === 'private_key_jwt' && jwksUri !== null) return { method: authentication, jwksUri };
  throw new Error(`the application ${clientId} cannot authenticate as its row says`);
}
