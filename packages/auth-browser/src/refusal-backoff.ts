import type { Platform } from './platform.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Which services refused a token that had been renewed for them. */
export interface Distrust {
  /** Whether a refusal of this origin is no reason to renew the token. */
  of(origin: string): boolean;
  /** It has refused a brand-new token. */
  begin(origin: string): void;
  end(origin: string): void;
}

/**
 * A service whose clock or settings are wrong refuses every token. Its refusals must not have the token renewed with each
 * request: after one of a new token they are believed again after a second, then two, up to 30.
 */
export function createDistrust({ now }: Pick<Platform, 'now'>): Distrust {
  const pauses = new Map<string, { readonly pauseMs: number; readonly untilMs: number }>();
  return {
    of: (origin) => now() < (pauses.get(origin)?.untilMs ?? 0),
    begin(origin) {
      const before = pauses.get(origin);
      const pauseMs = before === undefined ? FIRST_PAUSE_MS : Math.min(before.pauseMs * 2, LONGEST_PAUSE_MS);
      pauses.set(origin, { pauseMs, untilMs: now() + pauseMs });
    },
    end: (origin) => void pauses.delete(origin),
  };
}
