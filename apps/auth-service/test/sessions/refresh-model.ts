import type { RefreshVerdict } from '../../src/sessions/session.ts';
import { MOST_ADOPTED, MOST_REPLAYS, REPLAY_GRACE_MS } from '../../src/sessions/session-store.ts';

const CLOCKS_DIFFER_MS = 30_000;

/** The table of verdicts as plain code: what the store must do, written a second time to compare against. */
export type ModelSession = {
  /** `gone`: Redis has evicted it. */
  state: 'active' | 'reused' | 'revoked' | 'gone';
  generation: number;
  reachedAt: number;
  replays: number;
  bornAt: number;
  expiresAt: number;
};

export function modelRefresh(session: ModelSession, presented: number, now: number): RefreshVerdict {
  if (session.state === 'gone') return modelMissing(session, now);
  if (session.state !== 'active') return 'REVOKED';
  if (now >= session.expiresAt) return 'EXPIRED';
  const ahead = presented - session.generation;
  if (ahead === 0 || (ahead > 0 && ahead <= MOST_ADOPTED)) {
    session.generation = presented + 1;
    session.reachedAt = now;
    session.replays = 0;
    return ahead === 0 ? 'ROTATED' : 'ADOPTED';
  }
  if (ahead === -1 && now - session.reachedAt <= REPLAY_GRACE_MS && session.replays < MOST_REPLAYS) {
    session.replays += 1;
    return 'REPLAYED';
  }
  session.state = 'reused';
  return 'REUSED';
}

/** A session that is not there has expired, by when it began, or was lost, which its end is told for once. */
function modelMissing(session: ModelSession, now: number): RefreshVerdict {
  if (now >= session.expiresAt - CLOCKS_DIFFER_MS) return 'EXPIRED';
  // By a clock that was set back, it has not begun, nor has its data set.
  if (now >= session.bornAt - 2 * CLOCKS_DIFFER_MS) session.state = 'revoked';
  return 'LOST';
}
