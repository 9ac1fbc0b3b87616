import { createHash, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FastifyBaseLogger } from 'fastify';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { createPoll } from '../database/poll.ts';
import type { ClientAuthenticationMethod, Database } from '../database/schema.ts';
import {
  deleteApplication,
  insertApplication,
  readApplications,
  upsertApplication,
} from './application-store.ts';
import { type ApplicationClient, type ClientDirectory, selfRegisteredPrefix } from './clients.ts';

const reloadMs = 5000;
const secretBytes = 32;

export type NewApplication = {
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri: string | null;
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
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type Applications = ReturnType<typeof createApplications>;

/**
 * The applications of others, in memory as of the last read. Postgres is the source of truth: a replica reads it every
 * 5 s, so a new application is known everywhere within that time.
 *
 * @example
 * const applications = createApplications({ db, log, audit, clock });
 * await applications.start();
 * const { client, secret } = await applications.register({ name, redirectUris, scopes, method: 'none' }, by);
 */
export function createApplications({ db, log, audit, clock }: ApplicationsOptions) {
  let byId: ReadonlyMap<string, ApplicationClient> = new Map();
  const poll = createPoll({
    everyMs: reloadMs,
    task: reload,
    onFailed: (error) =>
      log.warn({ err: error }, 'the applications could not be read; the known ones remain'),
  });

  return {
    async start(): Promise<void> {
      await reload();
      poll.start();
    },

    stop: (): Promise<void> => poll.stop(),

    reload,

    find: (id: string): ApplicationClient | undefined => byId.get(id),

    get all(): readonly ApplicationClient[] {
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
      const client: ApplicationClient = {
        id: `${by.subject === undefined ? selfRegisteredPrefix : 'app-'}${randomBytes(12).toString('hex')}`,
        name: application.name,
        kind: 'application',
        redirectUris: application.redirectUris,
        postLogoutRedirectUris: application.postLogoutRedirectUris,
        backchannelLogoutUri: application.backchannelLogoutUri,
        scopes: application.scopes,
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
     * Registers an application under the id and with the secret that the operator chose, or changes the one with this
     * id to be as given.
     *
     * Does not check anything: the command has done so. Does not reinstate an application that was revoked.
     */
    async set({ secret, ...application }: KnownApplication): Promise<'registered' | 'changed' | 'unchanged'> {
      const client: ApplicationClient = {
        ...application,
        kind: 'application',
        maxSessions: null,
        authentication: { method: 'client_secret_basic', secretHash: hashOfSecret(secret) },
      };
      await reload();
      const known = byId.get(client.id);
      if (isDeepStrictEqual(known, client)) return 'unchanged';
      await upsertApplication(db, client, new Date(clock()));
      const outcome = known === undefined ? 'registered' : 'changed';
      const details = { by_command: outcome, scopes: application.scopes };
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

  async function reload(): Promise<void> {
    byId = new Map((await readApplications(db)).map((client) => [client.id, client]));
  }
}

/** One directory of both: our own clients first. */
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
