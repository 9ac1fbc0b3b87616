import type { SessionState } from './session-state.ts';
import { readClaims } from './token-claims.ts';

/** An access token, and until when it is good by this machine's clock. */
export interface IssuedToken {
  readonly accessToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** How long it was good when it came. */
  readonly lifetimeMs: number;
}

/**
 * What is the case, as the tabs tell each other. Channels promise no order between senders: of two facts, the one with
 * the greater version is the later.
 */
export type SessionFact = SignedInFact | SignedOutFact;
export interface SignedInFact extends IssuedToken {
  readonly kind: 'signed_in';
  readonly version: number;
}
export interface SignedOutFact {
  readonly kind: 'signed_out';
  readonly version: number;
  readonly reason: string | null;
}

/**
 * The time, so that tabs agree; but always more than what was before, so that a clock set back does no harm.
 *
 * `atMs`: what came of a renewal counts as of when it was asked for; a sign-in and a sign-out, which change the session, as of
 * when they were answered. So those are the later ones when a tab asked before, and was answered, or went on, after.
 */
export function nextVersion(known: SessionFact | undefined, atMs: number): number {
  return Math.max(atMs, (known?.version ?? 0) + 1);
}

/** What to go by from now on: `known` itself, when what was told is no news. */
export function laterOf(known: SessionFact | undefined, told: SessionFact): SessionFact {
  if (known?.kind === 'signed_out' && told.kind === 'signed_out') return endOf(known, told);
  return known !== undefined && known.version >= told.version ? known : told;
}

/** Of one end, the tab that asked first hears the reason. Those that ask later have no cookie left, and hear just that. */
function endOf(known: SignedOutFact, told: SignedOutFact): SignedOutFact {
  const saysMore = weightOf(told) > weightOf(known);
  if (told.version <= known.version && !saysMore) return known;
  return {
    kind: 'signed_out',
    version: Math.max(known.version, told.version),
    reason: saysMore ? told.reason : known.reason,
  };
}

function weightOf({ reason }: SignedOutFact): number {
  if (reason === null) return 0;
  return reason === 'no_cookie' ? 1 : 2;
}

/** For facts of readable tokens alone: see isReadable. */
export function stateOf(fact: SessionFact): SessionState {
  if (fact.kind === 'signed_out') return Object.freeze({ status: 'signed_out', reason: fact.reason });
  const claims = readClaims(fact.accessToken);
  if (claims === undefined) throw new TypeError('Not the access token of a person');
  const { accessToken, expiresAtMs } = fact;
  return Object.freeze({ status: 'signed_in', accessToken, ...claims, expiresAtMs });
}

export function isReadable({ accessToken }: IssuedToken): boolean {
  return readClaims(accessToken) !== undefined;
}

/** Reads what came from another tab, which may run another release of the page; undefined when it makes no sense. */
export function parseFact(value: unknown): SessionFact | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, version, reason, accessToken, expiresAtMs, lifetimeMs } = value as Record<string, unknown>;
  if (typeof version !== 'number') return undefined;
  if (kind === 'signed_out' && (reason === null || typeof reason === 'string'))
    return { kind, version, reason };
  if (kind !== 'signed_in' || typeof accessToken !== 'string') return undefined;
  if (typeof expiresAtMs !== 'number' || typeof lifetimeMs !== 'number') return undefined;
  const fact = { kind, version, accessToken, expiresAtMs, lifetimeMs } as const;
  return isReadable(fact) ? fact : undefined;
}
