import type { SessionLimits } from './session-limits.ts';

/** The kinds of client that people sign in with, and services. */
export type Client = BrowserClient | NativeClient | ServiceClient;

type Identified = { readonly id: string; readonly name: string };

/** What a client in which people sign in has besides. */
type ForPeople = {
  /** On how many devices a person may be signed in with it; the oldest ends. Null: as many as they like. */
  readonly mostSessions: number | null;
};

/** A single-page app. Its refresh token lives in an HttpOnly cookie, and it may call from its origins only. */
export type BrowserClient = Identified &
  ForPeople & {
    readonly kind: 'browser';
    /** Exact (RFC 6454). */
    readonly origins: readonly string[];
  };

/** A command line, a mobile app. It gets the refresh token in the body, and keeps it itself. */
export type NativeClient = Identified & ForPeople & { readonly kind: 'native' };

/**
 * One of our own services: a confidential client (RFC 6749 §2.1) that signs with a key of its own. We know where it
 * publishes the public half, and no secret. Its id is also the audience by which tokens name it.
 */
export type ServiceClient = Identified & { readonly kind: 'service'; readonly jwksUri: string };

/** A client in which a person signs in: it cannot keep a secret, and so has none. */
export type PublicClient = BrowserClient | NativeClient;

export type ClientRegistry = {
  find(id: string): Client | undefined;
  readonly all: readonly Client[];
  readonly services: readonly ServiceClient[];
};

/** A service by its name, and where it publishes its keys. */
export type ServiceJwksUris = ReadonlyMap<string, string>;

/**
 * The first-party clients. They are few, they change with the code that they belong to, and so they are declared here
 * rather than kept in a database (docs/decisions/0004). Services come from the configuration, as their addresses do.
 *
 * @throws Error when a service has the id of another client, or a limit is for no client in which people sign in
 */
export function createClientRegistry(options: {
  storefrontOrigins: readonly string[];
  serviceJwksUris: ServiceJwksUris;
  /** In place of those that are declared here. */
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
      mostSessions: null,
    },
    { id: 'latchkey-cli', name: 'Command line', kind: 'native', mostSessions: null },
    { id: 'latchkey-mobile', name: 'The shop’s app: one phone at a time', kind: 'native', mostSessions: 1 },
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
    return limit === undefined ? client : { ...client, mostSessions: limit };
  });
}
