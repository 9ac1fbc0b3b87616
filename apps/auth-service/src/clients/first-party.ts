import type { PublicClient } from './clients.ts';
import type { SessionLimits } from './session-limits.ts';

/** What the database says of one of our own clients. */
export type FirstPartyRow = Pick<
  PublicClient,
  'id' | 'name' | 'kind' | 'redirectUris' | 'maxSessions' | 'isBoundOnly'
>;

/** What the configuration says of them. */
export type FirstPartySettings = {
  /** Of the shop's page: those that CORS allows. */
  readonly origins: readonly string[];
  /** Replace the limits of the rows. */
  readonly sessionLimits: SessionLimits;
};

/** Our own clients of a new installation. auth-service adds those that are missing when it starts. */
export const seededClients: readonly FirstPartyRow[] = [
  {
    id: 'storefront',
    name: 'Latchkey shop',
    kind: 'browser',
    redirectUris: [],
    maxSessions: null,
    isBoundOnly: false,
  },
  {
    id: 'latchkey-cli',
    name: 'Command line',
    kind: 'native',
    redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
    maxSessions: null,
    isBoundOnly: false,
  },
  {
    id: 'latchkey-mobile',
    name: 'The shop’s app: one phone at a time',
    kind: 'native',
    redirectUris: [],
    maxSessions: 1,
    isBoundOnly: false,
  },
];

/**
 * One of our own clients, of its row and the settings. A page whose row names no redirect URI may be at any allowed
 * origin, and people return to its `/`. Otherwise its origins are those of its redirect URIs.
 */
export function firstPartyClient(row: FirstPartyRow, settings: FirstPartySettings): PublicClient {
  const { kind, redirectUris, ...common } = row;
  const limit = settings.sessionLimits.get(row.id);
  const limited = { ...common, maxSessions: limit === undefined ? row.maxSessions : limit };
  if (kind === 'native') return { ...limited, kind, redirectUris };
  if (redirectUris.length > 0) {
    const all = new Set(redirectUris.map((uri) => new URL(uri).origin));
    // An app's URI has none, and every sandboxed page says that of itself (RFC 6454 §7.3).
    const origins = [...all].filter((origin) => origin !== 'null');
    return { ...limited, kind, redirectUris, origins };
  }
  const { origins } = settings;
  return { ...limited, kind, redirectUris: origins.map((origin) => `${origin}/`), origins };
}
