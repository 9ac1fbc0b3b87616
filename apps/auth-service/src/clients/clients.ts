/**
 * An OAuth client (RFC 6749 §2): the program in which a person signs in.
 *
 * - browser: a single-page app. Its refresh token lives in an HttpOnly cookie, and it may call from its origins only.
 * - native: a command line, a mobile app. It gets the refresh token in the body, and keeps it itself.
 */
export type Client = {
  readonly id: string;
  readonly name: string;
  readonly kind: 'browser' | 'native';
  /** The exact origins (RFC 6454) that a browser client calls from. */
  readonly origins: readonly string[];
};

export type ClientRegistry = { find(id: string): Client | undefined };

/**
 * The first-party clients. They are few, they change with the code that they belong to, and so they are declared here
 * rather than kept in a database (docs/decisions/0004).
 */
export function createClientRegistry(options: { storefrontOrigins: readonly string[] }): ClientRegistry {
  const clients: readonly Client[] = [
    { id: 'storefront', name: 'The shop in a browser', kind: 'browser', origins: options.storefrontOrigins },
    { id: 'latchkey-cli', name: 'Command line', kind: 'native', origins: [] },
  ];
  const byId = new Map(clients.map((client) => [client.id, client]));
  return { find: (id) => byId.get(id) };
}
