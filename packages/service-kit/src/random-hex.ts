import { randomFillSync } from 'node:crypto';

// One system call gets random bytes for some hundred requests.
const pool = Buffer.alloc(8192);
let used = pool.length;

/** Random bytes (at most 32) in lower-case hex. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const start = used;
  used += bytes;
  return pool.toString('hex', start, used);
}
