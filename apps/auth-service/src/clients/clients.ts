import { type FirstPartySettings, seededClients } from './first-party.ts';
import type { SessionLimits } from './session-limits.ts';

/** A client that people sign in with, or a service. */
export type Client = BrowserClient | NativeClient | ApplicationClient | ServiceClient;

type Identified = {
  readonly id: string;
  readonly name: string;
  /** It gets no token without a proof of possession (RFC 9449 §5.2, `dpop_bound_access_tokens`). */
  readonly isBoundOnly: boolean;
};

/** Additional members of clients that people sign in with. */
type ForPeople = {
  /** Where the authorization endpoint may send people back to; see redirect-uri.ts. */
  readonly redirectUris: readonly string[];
  /**
   * The most devices on which a person may be signed in with it; beyond that, the oldest session ends. Null: no limit.
   */
  readonly maxSessions: number | null;
};

/** A single-page app. Its refresh token is in an HttpOnly cookie, and it may only be used from its origins. */
export type BrowserClient = Identified &
  ForPeople & {
    readonly kind: 'browser';
    /** Exact (RFC 6454). */
    readonly origins: readonly string[];
  };

/** A command-line tool or a mobile app. It gets the refresh token in the body, and stores it itself. */
export type NativeClient = Identified & ForPeople & { readonly kind: 'native' };

/**
 * One of our own services: a confidential client (RFC 6749 §2.1) that signs with its own key. We know the URL of its
 * public keys, and no secret. Its id is also its audience in tokens.
 */
export type ServiceClient = Identified & { readonly kind: 'service'; readonly jwksUri: string };

/**
 * An application of somebody else, which an operator registered, or itself. People sign in to it at the authorization
 * endpoint only, and consent to what it may do.
 */
export type ApplicationClient = Identified &
  ForPeople & {
    readonly kind: 'application';
    /** The most that it may ask people for, of `applicationScopes`. */
    readonly scopes: readonly string[];
    /** An image that people see on our pages; null: none. */
    readonly logoUri: string | null;
    /** Where people may return to after they have signed out (OpenID Connect RP-Initiated Logout §3). */
    readonly postLogoutRedirectUris: readonly string[];
    /** Where it is told of ended sessions (OpenID Connect Back-Channel Logout §2.2); null: it is not. */
    readonly backchannelLogoutUri: string | null;
    /** Null: it knows people by the same subject as everybody (OpenID Connect Core §8). */
    readonly pairwise: { readonly sector: string; readonly salt: string } | null;
    /** By its OAuth name: `token_endpoint_auth_method` (RFC 7591 §2). */
    readonly authentication:
      | { readonly method: 'none' }
      | { readonly method: 'client_secret_basic'; readonly secretHash: string }
      | { readonly method: 'private_key_jwt'; readonly jwksUri: string };
  };

/** One of our own clients that people sign in with. It cannot keep a secret, so it has none. */
export type PublicClient = BrowserClient | NativeClient;

/** A client for which people have sessions. */
export type PersonsClient = PublicClient | ApplicationClient;

/** Whether anybody can pretend to be this client, because it does not authenticate (RFC 6749 §2.1). */
export function isPublic(client: Client): boolean {
  return client.kind === 'application' ? client.authentication.method === 'none' : client.kind !== 'service';
}

/** With which the id of an application that registered itself begins. No operator can choose such an id. */
export const selfRegisteredPrefix = 'self-';

/** Whether nobody but the client itself has said that people may be sent to its addresses (RFC 7591 §5). */
export function isSelfRegistered({ kind, id }: Client): boolean {
  return kind === 'application' && id.startsWith(selfRegisteredPrefix);
}

/** Finds clients by id. */
export type ClientDirectory = { find(id: string): Client | undefined };

/** The clients of the configuration: our services. */
export type ClientRegistry = ClientDirectory & {
  readonly services: readonly ServiceClient[];
  /** Of a service, or of a client that we add to the database. */
  kindOf(id: string): Client['kind'] | undefined;
  /** What the configuration says of our own clients that people sign in with. */
  readonly firstParty: FirstPartySettings;
};

/** The URL of each service's public keys, by the service's name. */
export type ServiceJwksUris = ReadonlyMap<string, string>;

/**
 * What the configuration says of clients. Services are in it, as their URLs are; clients that people sign in with are in
 * the database: see applications.ts (docs/decisions/0056).
 *
 * @throws Error when a service has the id of another client, or a limit names no client that we add to the database, or
 * a service that shall be bound only is none
 */
export function createClientRegistry(options: {
  storefrontOrigins: readonly string[];
  serviceJwksUris: ServiceJwksUris;
  /** The services that get no token without a proof of possession. Default none. */
  boundOnlyServices?: readonly string[];
  /** Replace the limits of the rows. */
  sessionLimits: SessionLimits;
}): ClientRegistry {
  const { storefrontOrigins: origins, sessionLimits, serviceJwksUris, boundOnlyServices = [] } = options;
  if (boundOnlyServices.some((id) => !serviceJwksUris.has(id)))
    throw new Error('it names a service that is not in SERVICE_JWKS_URIS');
  const services = [...serviceJwksUris].map(
    ([id, jwksUri]): ServiceClient => ({
      ...{ id, name: id, kind: 'service', jwksUri },
      isBoundOnly: boundOnlyServices.includes(id),
    }),
  );
  const seeded = new Map(seededClients.map(({ id, kind }) => [id, kind]));
  if (services.some(({ id }) => seeded.has(id))) throw new Error('a service has the id of another client');
  for (const id of sessionLimits.keys())
    if (!seeded.has(id)) throw new Error('a limit is for no client in which people sign in');
  const byId = new Map(services.map((client) => [client.id, client]));
  return {
    find: (id) => byId.get(id),
    services,
    kindOf: (id) => byId.get(id)?.kind ?? seeded.get(id),
    firstParty: { origins, sessionLimits },
  };
}
