import { randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { applications, consents, type Database, pairwiseSectors } from '../database/schema.ts';
import { applicationScopes } from '../permissions/resource-servers.ts';
import type { ApplicationClient } from './clients.ts';

/** Reads all registered applications. */
export async function readApplications(db: Database): Promise<readonly ApplicationClient[]> {
  const rows = await db
    .select()
    .from(applications)
    .leftJoin(pairwiseSectors, eq(applications.pairwiseSector, pairwiseSectors.sector));
  return rows.map((row) => clientOf(row.applications, row.pairwise_sectors));
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

/** Adds an application; false when its id is taken. */
export async function insertApplication(
  db: Database,
  application: ApplicationClient,
  createdAt: Date,
): Promise<boolean> {
  const added = await db
    .insert(applications)
    .values({ ...rowOf(application), createdAt })
    .onConflictDoNothing()
    .returning({ id: applications.clientId });
  return added.length === 1;
}

/** Adds an application, or changes the one with its id. `createdAt` is for a new one. */
export async function upsertApplication(
  db: Database,
  application: ApplicationClient,
  createdAt: Date,
): Promise<void> {
  const row = rowOf(application);
  await db
    .insert(applications)
    .values({ ...row, createdAt })
    .onConflictDoUpdate({ target: applications.clientId, set: row });
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

function rowOf({ id, name, scopes, authentication, pairwise, ...uris }: ApplicationClient) {
  return {
    clientId: id,
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

function clientOf(
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
