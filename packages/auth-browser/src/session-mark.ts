import type { Platform } from './platform.ts';
import type { SessionFact } from './session-fact.ts';

/** What this origin remembers of its session between two loads of a page: nothing that could be used. */
export interface SessionMark {
  /** Whether asking for the session can succeed. Also where nothing can be remembered: asking is the safe side then. */
  mayExist(): boolean;
  /** Whether a session began here whose cookie has never come back. */
  isUnproven(): boolean;
  /** A session is there, or is over, whichever tab found that out. */
  follow(fact: SessionFact | undefined): void;
  /** The cookie has come back: the browser keeps it. */
  proven(): void;
}

const UNPROVEN = 'new';
const PROVEN = '';

/**
 * The refresh cookie is HttpOnly, so that no script can look whether it is there. Without a mark, a first visitor's page would
 * have to ask for a session that never was, and be refused.
 */
export function createSessionMark(name: string, { storage }: Pick<Platform, 'storage'>): SessionMark {
  const read = (): string | null => attempt(() => storage?.getItem(name) ?? null, null);
  return {
    mayExist: () => attempt(() => storage === undefined || storage.getItem(name) !== null, true),
    isUnproven: () => read() === UNPROVEN,
    follow(fact) {
      if (fact?.kind === 'signed_out') attempt(() => storage?.removeItem(name), undefined);
      else if (fact !== undefined && read() === null)
        attempt(() => storage?.setItem(name, UNPROVEN), undefined);
    },
    proven: () => attempt(() => storage?.setItem(name, PROVEN), undefined),
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
