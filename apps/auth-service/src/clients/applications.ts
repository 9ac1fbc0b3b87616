import { createHash, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FastifyBaseLogger } from 'fastify';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { createPoll } from '../database/poll.ts';
import type { ClientAuthenticationMethod, Database } from '../database/schema.ts';
import {
  deleteApplication,
  ensureSector,
  insertApplication,
  readApplications,
  seedApplications,
  upsertApplication,
} from './application-store.ts';
import {
  type ApplicationClient,
  type ClientDirectory,
  type PersonsClient,
  selfRegisteredPrefix,
} from './clients.ts';
import { type FirstPartyRow, type FirstPartySettings, firstPartyClient } from './first-party.ts';
import { sectorOf } from './subject-identifier.ts';

const reloadMs = 5000;
const secretBytes = 32;
const noSettings: FirstPartySettings = { origins: [], sessionLimits: new Map() };

export type NewApplication = {
  readonly name: string;
  readonly logoUri: string | null;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri: string | null;
  readonly isPairwise: boolean;
  readonly isBoundOnly: boolean;
  readonly scopes: readonly string[];
  readonly method: ClientAuthenticationMethod;
  /** Required for private_key_jwt. */
  readonly jwksUri?: string | undefined;
};

/** An application whose id and secret the operator has chosen. */
export type KnownApplication = Omit<NewApplication, 'method' | 'jwksUri'> & {
  readonly id: string;
  readonly secret: string;
};

export type ApplicationsOptions = {
  readonly db: Database;
  readonly firstParty: FirstPartySettings;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type Applications = ReturnType<typeof createApplications>;

/**
 * The clients that people sign in with: applications of others, and our own. In memory as of the last read. Postgres is
 * the source of truth: a replica reads it every 5 s, so a new client is known everywhere within that time.
 *
 * @example
 * const applications = createApplications({ db, firstParty, log, audit, clock });
 * await applications.start();
 * const { client, secret } = await applications.register({ name, redirectUris, scopes, method: 'none' }, by);
 */
export function createApplications({ db, firstParty, log, audit, clock }: ApplicationsOptions) {
  let byId: ReadonlyMap<string, PersonsClient> = new Map();
  const poll = createPoll({
    everyMs: reloadMs,
    task: reload,
    onFailed: (error) =>
      log.warn({ err: error }, 'the applications could not be read; the known ones remain'),
  });

  return {
    /** Adds those of our own clients that are missing, then reads all. */
    async start(): Promise<void> {
      await seedApplications(db, new Date(clock()));
      await reload();
      poll.start();
    },

    stop: (): Promise<void> => poll.stop(),

    reload,

    find: (id: string): PersonsClient | undefined => byId.get(id),

    get all(): readonly PersonsClient[] {
      return [...byId.values()];
    },

    /**
     * Registers an application under an id that nobody can guess or had before. `secret` is returned once and stored
     * nowhere; undefined unless the method is client_secret_basic.
     *
     * Does not check the redirect URIs and scopes: the route has done so. `by`: the operator; nobody for an application
     * that registers itself.
     */
    async register(
      application: NewApplication,
      by: Origin & { readonly subject?: string | undefined; readonly clientId?: string | undefined },
    ): Promise<{ client: ApplicationClient; secret: string | undefined }> {
      const secret =
        application.method === 'client_secret_basic'
          ? randomBytes(secretBytes).toString('base64url')
          : undefined;
      const id = `${by.subject === undefined ? selfRegisteredPrefix : 'app-'}${randomBytes(12).toString('hex')}`;
      const client: ApplicationClient = {
        id,
        name: application.name,
        kind: 'application',
        redirectUris: application.redirectUris,
        postLogoutRedirectUris: application.postLogoutRedirectUris,
        backchannelLogoutUri: application.backchannelLogoutUri,
        logoUri: application.logoUri,
        pairwise: await pairwiseOf(id, application),
        scopes: application.scopes,
        isBoundOnly: application.isBoundOnly,
        maxSessions: null,
        authentication: authenticationOf(application, secret),
      };
      if (!(await insertApplication(db, client, new Date(clock())))) throw new Error('an id was drawn twice');
      const { subject, clientId: byClient, ...origin } = by;
      const details = { ...(byClient && { by_client: byClient }), scopes: application.scopes };
      audit.record({ ...origin, event: 'client.registered', subject, clientId: client.id, details });
      await reload();
      return { client, secret };
    },

    /**
     * Registers an application under the id and with the secret that the operator chose, or one of our own clients; or
     * changes the one with this id to be as given.
     *
     * Does not check anything: the command has done so. Does not reinstate a client that was revoked.
     */
    async set(wanted: KnownApplication | FirstPartyRow): Promise<'registered' | 'changed' | 'unchanged'> {
      const client = 'secret' in wanted ? await applicationOf(wanted) : wanted;
      // Without the settings, which hide what a row says.
      const known = (await readApplications(db, noSettings)).find(({ id }) => id === client.id);
      const after = client.kind === 'application' ? client : firstPartyClient(client, noSettings);
      if (isDeepStrictEqual(known, after)) return 'unchanged';
      await upsertApplication(db, client, new Date(clock()));
      const outcome = known === undefined ? 'registered' : 'changed';
      const { kind } = client;
      const details = {
        by_command: outcome,
        ...(kind === 'application' ? { scopes: client.scopes } : { kind }),
      };
      audit.record({ event: 'client.registered', clientId: client.id, details });
      await reload();
      return outcome;
    },

    /** Removes an application; false when there is none. Revoke it first, so that its tokens are refused. */
    async remove(
      id: string,
      by: Origin & { readonly subject: string; readonly clientId: string },
    ): Promise<boolean> {
      const isRemoved = await deleteApplication(db, id);
      const { subject, clientId: byClient, ...origin } = by;
      if (isRemoved)
        audit.record({
          ...origin,
          event: 'client.removed',
          subject,
          clientId: id,
          details: { by_client: byClient },
        });
      await reload();
      return isRemoved;
    },
  };

  async function applicationOf({
    secret,
    isPairwise,
    ...application
  }: KnownApplication): Promise<ApplicationClient> {
    const pairwise = await pairwiseOf(application.id, { ...application, isPairwise });
    const authentication = { method: 'client_secret_basic', secretHash: hashOfSecret(secret) } as const;
    return { ...application, kind: 'application', pairwise, maxSessions: null, authentication };
  }

  async function pairwiseOf(
    id: string,
    { isPairwise, redirectUris }: Pick<NewApplication, 'isPairwise' | 'redirectUris'>,
  ): Promise<ApplicationClient['pairwise']> {
    const sector = isPairwise ? sectorOf(redirectUris, id) : undefined;
    return sector === undefined ? null : ensureSector(db, sector);
  }

  async function reload(): Promise<void> {
    byId = new Map((await readApplications(db, firstParty)).map((client) => [client.id, client]));
  }
}

/** One directory of all; the first that knows an id decides. */
export function directoryOf(...directories: readonly ClientDirectory[]): ClientDirectory {
  return {
    find(id) {
      for (const directory of directories) {
        const found = directory.find(id);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** SHA-256 in base64url: the secret has 256 random bits, so a slow hash would add nothing. */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

function authenticationOf(
  { method, jwksUri }: NewApplication,
  secret: string | undefined,
): ApplicationClient['authentication'] {
  if (method === 'client_secret_basic' && secret !== undefined)
    return { method, secretHash: hashOfSecret(secret) };
  if (method === 'private_key_jwt') {
    if (jwksUri === undefined) throw new TypeError('private_key_jwt needs a jwksUri');
    return { method, jwksUri };
  }
  return { method: 'none' };
}
