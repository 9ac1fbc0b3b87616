import type { SessionState } from './session-state.ts';
import { readClaims } from './token-claims.ts';

/** An access token and its expiry by this machine's clock. */
export type IssuedToken = {
  readonly accessToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** Its lifetime when it was issued. */
  readonly lifetimeMs: number;
  /** The thumbprint of the key to which it is bound (RFC 9449); absent for a bearer token. */
  readonly boundTo?: string | undefined;
};

/**
 * The session as the tabs share it. Channels guarantee no order between senders, so the fact with the greater version
 * is the later one.
 */
export type SessionFact = SignedInFact | SignedOutFact;
export interface SignedInFact extends IssuedToken {
  readonly kind: 'signed_in';
  readonly version: number;
}
export type SignedOutFact = {
  readonly kind: 'signed_out';
  readonly version: number;
  readonly reason: string | null;
};

/**
 * The version of a new fact: the time, so that tabs agree, but always greater than the known version, so that a clock
 * set back does no harm.
 *
 * `atMs` is the time of the request for a renewal, and the time of the answer for a sign-in or sign-out. So a sign-in
 * or sign-out is later than a renewal that another tab requested before it, even if that tab gets its answer
 * afterwards.
 */
export function nextVersion(known: SessionFact | undefined, atMs: number): number {
  return Math.max(atMs, (known?.version ?? 0) + 1);
}

/** The later of two facts; `known` itself if `incoming` is not news. */
export function laterOf(known: SessionFact | undefined, incoming: SessionFact): SessionFact {
  if (known?.kind === 'signed_out' && incoming.kind === 'signed_out') return endOf(known, incoming);
  return known !== undefined && known.version >= incoming.version ? known : incoming;
}

/**
 * Merges two reports of one end. Only the first tab gets the reason; later ones have no cookie left and get just that.
 */
function endOf(known: SignedOutFact, incoming: SignedOutFact): SignedOutFact {
  const saysMore = weightOf(incoming) > weightOf(known);
  if (incoming.version <= known.version && !saysMore) return known;
  return {
    kind: 'signed_out',
    version: Math.max(known.version, incoming.version),
    reason: saysMore ? incoming.reason : known.reason,
  };
}

function weightOf({ reason }: SignedOutFact): number {
  if (reason === null) return 0;
  return reason === 'no_cookie' ? 1 : 2;
}

/** Only for facts with a readable token: see isReadable. */
export function stateOf(fact: SessionFact): SessionState {
  if (fact.kind === 'signed_out') return Object.freeze({ status: 'signed_out', reason: fact.reason });
  const claims = readClaims(fact.accessToken);
  if (claims === undefined) throw new TypeError('Not the access token of a person');
  const { accessToken, expiresAtMs, boundTo } = fact;
  const isBound = boundTo !== undefined;
  return Object.freeze({ status: 'signed_in', accessToken, ...claims, expiresAtMs, isBound });
}

export function isReadable({ accessToken }: Pick<IssuedToken, 'accessToken'>): boolean {
  return readClaims(accessToken) !== undefined;
}

/** Reads a fact from another tab, which may run another release of the page; undefined if it is malformed. */
export function parseFact(value: unknown): SessionFact | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, version, reason, accessToken, expiresAtMs, lifetimeMs, boundTo } = value as Record<
    string,
    unknown
  >;
  if (typeof version !== 'number') return undefined;
  if (kind === 'signed_out' && (reason === null || typeof reason === 'string'))
    return { kind, version, reason };
  if (kind !== 'signed_in' || typeof accessToken !== 'string') return undefined;
  if (typeof expiresAtMs !== 'number' || typeof lifetimeMs !== 'number') return undefined;
  if (boundTo !== undefined && typeof boundTo !== 'string') return undefined;
  const fact = {
    kind,
    version,
    accessToken,
    expiresAtMs,
    lifetimeMs,
    ...(boundTo !== undefined && { boundTo }),
  } as const;
  return isReadable(fact) ? fact : undefined;
}
