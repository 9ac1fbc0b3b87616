import type { Platform } from './platform.ts';

const firstPauseMs = 1_000;
const maxPauseMs = 30_000;

/** Services that refused a freshly renewed token, each with a pause. */
export type RefusalBackoff = {
  /** Whether refusals of this origin do not cause a renewal at the moment. */
  isOn(origin: string): boolean;
  /** The origin has refused a new token: starts a pause, twice as long as the one before. */
  extend(origin: string): void;
  reset(origin: string): void;
};

/**
 * A service with a wrong clock or wrong settings refuses every token. Its refusals must not cause a renewal with each
 * request. After it refuses a new token, its refusals are ignored for one second, then for two, up to 30.
 */
export function createRefusalBackoff({ now }: Pick<Platform, 'now'>): RefusalBackoff {
  const pauses = new Map<string, { readonly pauseMs: number; readonly untilMs: number }>();
  return {
    isOn: (origin) => now() < (pauses.get(origin)?.untilMs ?? 0),
    extend(origin) {
      const before = pauses.get(origin);
      const pauseMs = before === undefined ? firstPauseMs : Math.min(before.pauseMs * 2, maxPauseMs);
      pauses.set(origin, { pauseMs, untilMs: now() + pauseMs });
    },
    reset: (origin) => void pauses.delete(origin),
  };
}
