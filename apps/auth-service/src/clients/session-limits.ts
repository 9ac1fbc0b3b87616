/** By client: the most devices on which a person may be signed in with it; null for no limit. */
export type SessionLimits = ReadonlyMap<string, number | null>;

/** The most sessions that a person can have in all: see MOST_SESSIONS. */
const MOST = 100;

const ENTRY = /^([a-z][a-z0-9-]{0,63})=(\d{1,3})$/;

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
    const [, client, digits] = ENTRY.exec(entry) ?? [];
    const most = Number(digits);
    if (client === undefined || most > MOST)
      throw new Error(`entry ${index + 1} is not client=number, 0 to ${MOST}`);
    if (limits.has(client)) throw new Error(`entry ${index + 1} repeats a client`);
    limits.set(client, most === 0 ? null : most);
  });
  return limits;
}
