/** By client: the most devices on which a person may be signed in with it; null for no limit. */
export type SessionLimits = ReadonlyMap<string, number | null>;

/** The most sessions that a person can have in all: see maxSessions of sessions-of-subject.ts. */
const maxSessions = 100;

const entryPattern = /^([a-z][a-z0-9-]{0,63})=(\d{1,3})$/;

/**
 * Reads the setting SESSION_LIMITS: `client=number`, 0 for no limit.
 *
 * @throws Error naming the wrong entry by its number, without quoting it
 * @example
 * parseSessionLimits(['latchkey-cli=3', 'latchkey-mobile=0']);
 */
export function parseSessionLimits(entries: readonly string[]): SessionLimits {
  const limits = new Map<string, number | null>();
  entries.forEach((entry, index) => {
    const [, client, digits] = entryPattern.exec(entry) ?? [];
    const most = Number(digits);
    if (client === undefined || most > maxSessions)
      throw new Error(`entry ${index + 1} is not client=number, 0 to ${maxSessions}`);
    if (limits.has(client)) throw new Error(`entry ${index + 1} repeats a client`);
    limits.set(client, most === 0 ? null : most);
  });
  return limits;
}
