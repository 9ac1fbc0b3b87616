import { randomBytes } from 'node:crypto';

const timeBytes = 4;
const randomByteCount = 12;
/** Longer than any session. Older ids have random bytes instead of the time, which seldom fall within this range. */
const oldestSeconds = 400 * 86_400;
const skewSeconds = 60;

/**
 * Makes the id of a session that begins now: `<shard>-<128 bits>`. 32 of the bits are the time in seconds, 96 are
 * random. The time distinguishes an expired session from one that the store has lost.
 *
 * @example
 * createSessionId(0, Date.now()); // '0-ahkT2x…'
 */
export function createSessionId(shard: number, now: number): string {
  const bytes = Buffer.alloc(timeBytes + randomByteCount, 0);
  bytes.writeUInt32BE(Math.floor(now / 1000));
  randomBytes(randomByteCount).copy(bytes, timeBytes);
  return `${shard}-${bytes.toString('base64url')}`;
}

/** When the session began, in seconds since the epoch; undefined when its id does not contain the time. */
export function bornAt(sessionId: string, now: number): number | undefined {
  const bytes = Buffer.from(sessionId.slice(sessionId.indexOf('-') + 1), 'base64url');
  const seconds = bytes.length === timeBytes + randomByteCount ? bytes.readUInt32BE() : 0;
  const age = now / 1000 - seconds;
  return age > oldestSeconds || age < -skewSeconds ? undefined : seconds;
}
