import type { Platform } from './platform.ts';
import type { SessionFact } from './session-fact.ts';

/** What this origin stores about its session between page loads. It holds nothing that an attacker could use. */
export type SessionMark = {
  /** Whether there may be a session. True where nothing can be stored: then asking auth-service is the safe choice. */
  mayExist(): boolean;
  /** Whether a session began here, and its cookie has never come back. */
  isUnproven(): boolean;
  /** Updates the mark: a session has begun or ended, in any tab. */
  follow(fact: SessionFact | undefined): void;
  /** The cookie has come back, so the browser keeps it. */
  proven(): void;
};

const unproven = 'new';
const proven = '';

/**
 * The refresh cookie is HttpOnly, so no script can see whether it exists. Without a mark, a first visitor's page would
 * have to request a session that never existed, and would be refused.
 */
export function createSessionMark(name: string, { storage }: Pick<Platform, 'storage'>): SessionMark {
  const read = (): string | null => attempt(() => storage?.getItem(name) ?? null, null);
  return {
    mayExist: () => attempt(() => storage === undefined || storage.getItem(name) !== null, true),
    isUnproven: () => read() === unproven,
    follow(fact) {
      if (fact?.kind === 'signed_out') attempt(() => storage?.removeItem(name), undefined);
      else if (fact !== undefined && read() === null)
        attempt(() => storage?.setItem(name, unproven), undefined);
    },
    proven: () => attempt(() => storage?.setItem(name, proven), undefined),
  };
}

/** Storage throws when it is full or has been forbidden meanwhile. */
function attempt<Result>(run: () => Result, otherwise: Result): Result {
  try {
    return run();
  } catch {
    return otherwise;
  }
}
