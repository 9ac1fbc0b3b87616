import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRevocationList, type Revocation, type RevocationList } from '@latchkey/auth-client';

export const heldRevocations = 100_000;
/** The longest lifetime of a token and the clocks' skew: how long a service holds what was revoked. */
const retentionSeconds = 330;
const batchSize = 500;
const everyMs = 100;

/**
 * A list that holds as much as when 300 sessions end each second, and into which they go on coming: each time, every
 * token is looked up again when it comes next. Those of 100 ms at once, because to wake up for each of them, which is no
 * request's doing, would be most of what is measured.
 */
export function holdRevocations(): RevocationList {
  const list = filledList();
  const each = Math.round((heldRevocations / retentionSeconds) * (everyMs / 1000));
  setInterval(() => {
    list.apply(Array.from({ length: each }, signOut));
    list.confirm();
  }, everyMs).unref();
  return list;
}

/** What a list of so many costs, in bytes for each of them. */
export function bytesPerRevocation(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const heldBytes = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = heldBytes();
  const list = filledList();
  const after = heldBytes();
  return (after - before) / list.size;
}

function filledList(): RevocationList {
  const list = createRevocationList({ retentionSeconds });
  for (let held = 0; held < heldRevocations; held += batchSize)
    list.apply(Array.from({ length: batchSize }, signOut));
  list.confirm();
  return list;
}

/** As it comes from the feed: parsed, and with an id of the length of auth-service's. */
function signOut(): Revocation {
  const id = `0-${randomBytes(16).toString('base64url')}`;
  return JSON.parse(JSON.stringify({ kind: 'session', id, reason: 'sign_out' }));
}
