import type { RefreshVerdict } from '../../src/sessions/session.ts';
import {
  maxAdopted,
  maxBehind,
  maxClockSkewMs,
  maxReplays,
  replayGraceMs,
} from '../../src/sessions/session-store.ts';
import { furthestAheadSeconds } from '../../src/tokens/issued-from.ts';

const clocksDifferMs = 30_000;

/** The table of verdicts as plain code: a second implementation to compare the store with. */
export type ModelSession = {
  /** `gone`: Redis has evicted it. */
  state: 'active' | 'reused' | 'revoked' | 'gone';
  generation: number;
  reachedAt: number;
  replays: number;
  bornAt: number;
  expiresAt: number;
  /** Seconds since the epoch. */
  authTime: number;
  /** The key to which it is bound. */
  boundTo?: string | undefined;
  /** When it was last presented without that key, in seconds since the epoch. */
  foreignKeyAt?: number;
};

export function modelRefresh(
  session: ModelSession,
  presented: number,
  now: number,
  proven?: string,
): RefreshVerdict {
  if (session.state === 'gone') return modelMissing(session, now);
  if (session.state !== 'active') return 'REVOKED';
  if (now >= session.expiresAt) return 'EXPIRED';
  if (session.boundTo !== undefined && session.boundTo !== proven) {
    session.foreignKeyAt = Math.floor(now / 1000);
    return 'FOREIGN_KEY';
  }
  const ahead = presented - session.generation;
  if (session.boundTo !== undefined && ahead < 0 && ahead >= -maxBehind) return 'REPLAYED';
  if (ahead === 0 || (ahead > 0 && ahead <= maxAdopted)) {
    session.generation = presented + 1;
    session.reachedAt = now;
    session.replays = 0;
    session.authTime = modelAuthTime(session, now);
    return ahead === 0 ? 'ROTATED' : 'ADOPTED';
  }
  const since = now - session.reachedAt;
  const isWithinGrace = since <= replayGraceMs && since >= -maxClockSkewMs;
  if (ahead === -1 && isWithinGrace && session.replays < maxReplays) {
    session.replays += 1;
    return 'REPLAYED';
  }
  session.state = 'reused';
  return 'REUSED';
}

/** The sign-in time that a refresh reports. A time in the future does not count as recent. */
export function modelAuthTime({ authTime }: ModelSession, now: number): number {
  return authTime - Math.floor(now / 1000) > furthestAheadSeconds ? 1 : authTime;
}

/** A missing session has expired, according to its start, or was lost. A lost session's end is told once. */
function modelMissing(session: ModelSession, now: number): RefreshVerdict {
  if (now >= session.expiresAt - clocksDifferMs) return 'EXPIRED';
  // According to a clock that was set back, neither the session nor its data set has begun.
  if (now >= session.bornAt - 2 * clocksDifferMs) session.state = 'revoked';
  return 'LOST';
}
