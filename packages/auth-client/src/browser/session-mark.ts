import type { Platform } from './platform.ts';

/** What this origin remembers of its session between two loads of a page: that there is one, and nothing else. */
export interface SessionMark {
  /** Whether asking for the session can succeed. Also where nothing can be remembered: asking is the safe side then. */
  mayExist(): boolean;
  began(): void;
  ended(): void;
}

/**
 * The refresh cookie is HttpOnly, so that no script can look whether it is there. Without a mark, a first visitor's page would
 * have to ask for a session that never was, and be refused.
 */
export function createSessionMark(name: string, { storage }: Pick<Platform, 'storage'>): SessionMark {
  return {
    mayExist: () => attempt(() => storage === undefined || storage.getItem(name) !== null, true),
    began: () => attempt(() => storage?.setItem(name, ''), undefined),
    ended: () => attempt(() => storage?.removeItem(name), undefined),
  };
}

/** A storage that is full, or was forbidden meanwhile, throws. */
function attempt<Result>(run: () => Result, otherwise: Result): Result {
  try {
    return run();
  } catch {
    return otherwise;
  }
}
