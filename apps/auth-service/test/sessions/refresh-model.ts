import { FURTHEST_AHEAD_SECONDS } from '../../src/revocation/log/issued-from.ts';
import type { RefreshVerdict } from '../../src/sessions/session.ts';
import {
  MOST_ADOPTED,
  MOST_CLOCK_SKEW_MS,
  MOST_REPLAYS,
  REPLAY_GRACE_MS,
} from '../../src/sessions/session-store.ts';

/** The table of verdicts as plain code: what the Lua script must do, written a second time to compare against. */
export type ModelSession = {
  state: 'active' | 'reused' | 'revoked';
  generation: number;
  reachedAt: number;
  replays: number;
  expiresAt: number;
  /** Seconds since the epoch. */
  authTime: number;
};

export function modelRefresh(
  session: ModelSession | undefined,
  presented: number,
  now: number,
): RefreshVerdict {
  if (session === undefined) return 'UNKNOWN';
  if (session.state !== 'active') return 'REVOKED';
  if (now >= session.expiresAt) return 'EXPIRED';
  const ahead = presented - session.generation;
  if (ahead === 0 || (ahead > 0 && ahead <= MOST_ADOPTED)) {
    session.generation = presented + 1;
    session.reachedAt = now;
    session.replays = 0;
    session.authTime = modelAuthTime(session, now);
    return ahead === 0 ? 'ROTATED' : 'ADOPTED';
  }
  const since = now - session.reachedAt;
  const isWithinGrace = since <= REPLAY_GRACE_MS && since >= -MOST_CLOCK_SKEW_MS;
  if (ahead === -1 && isWithinGrace && session.replays < MOST_REPLAYS) {
    session.replays += 1;
    return 'REPLAYED';
  }
  session.state = 'reused';
  return 'REUSED';
}

/** What a refresh says of the sign-in: of one in the future, that it is no recent one. */
export function modelAuthTime({ authTime }: ModelSession, now: number): number {
  return authTime - Math.floor(now / 1000) > FURTHEST_AHEAD_SECONDS ? 1 : authTime;
}
