import type { SessionLimits } from './session-limits.ts';

/** A client that people sign in with, or a service. */
export type Client = BrowserClient | NativeClient | ApplicationClient | ServiceClient;

type Identified = { readonly id: string; readonly name: string };

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
 * An application of somebody else, which an operator registered, or itself. People sign in to it at the authorization endpoint
 * only, and consent to what it may do.
 */
export type ApplicationClient = Identified &
  ForPeople & {
    readonly kind: 'application';
    /** The most that it may ask people for, of `applicationScopes`. */
    readonly scopes: readonly string[];
    /** Where people may return to after they have signed out (OpenID Connect RP-Initiated Logout §3). */
    readonly postLogoutRedirectUris: readonly string[];
    /** Where it is told of ended sessions (OpenID Connect Back-Channel Logout §2.2); null: it is not. */
    readonly backchannelLogoutUri: string | null;
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

/** The clients that are declared here and in the configuration. */
export type ClientRegistry = ClientDirectory & {
  readonly all: readonly Client[];
  readonly services: readonly ServiceClient[];
};

/** The URL of each service's public keys, by the service's name. */
export type ServiceJwksUris = ReadonlyMap<string, string>;

/**
 * Our own clients. They are few and change together with their code, so they are declared here and not in a database
 * (docs/decisions/0004). Services come from the configuration, as their URLs do, and applications of others from the
 * database: see applications.ts.
 *
 * @throws Error when a service has the id of another client, or a limit names no client that people sign in with
 */
export function createClientRegistry(options: {
  storefrontOrigins: readonly string[];
  serviceJwksUris: ServiceJwksUris;
  /** Replace the limits that are declared here. */
  sessionLimits: SessionLimits;
}): ClientRegistry {
  const services = [...options.serviceJwksUris].map(
    ([id, jwksUri]): ServiceClient => ({ id, name: id, kind: 'service', jwksUri }),
  );
  const declared: readonly PublicClient[] = [
    {
      id: 'storefront',
      name: 'The shop in a browser',
      kind: 'browser',
      origins: options.storefrontOrigins,
      redirectUris: [],
      maxSessions: null,
    },
    {
      id: 'latchkey-cli',
      name: 'Command line',
      kind: 'native',
      redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
      maxSessions: null,
    },
    {
      id: 'latchkey-mobile',
      name: 'The shop’s app: one phone at a time',
      kind: 'native',
      redirectUris: [],
      maxSessions: 1,
    },
  ];
  const clients: readonly Client[] = [...withLimits(declared, options.sessionLimits), ...services];
  const byId = new Map(clients.map((client) => [client.id, client]));
  if (byId.size !== clients.length) throw new Error('a service has the id of another client');
  return { find: (id) => byId.get(id), all: clients, services };
}

function withLimits(clients: readonly PublicClient[], limits: SessionLimits): readonly PublicClient[] {
  for (const id of limits.keys()) {
    if (!clients.some((client) => client.id === id))
      throw new Error('a limit is for no client in which people sign in');
  }
  return clients.map((client) => {
    const limit = limits.get(client.id);
    return limit === undefined ? client : { ...client, maxSessions: limit };
  });
}
