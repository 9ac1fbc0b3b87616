import { randomBytes } from 'node:crypto';
import { createRevocationList, type Revocation, type RevocationList } from '@latchkey/auth-client';

const held = 100_000;
/** The longest lifetime of a token and the clocks' skew: how long a service holds what was revoked. */
const retentionSeconds = 330;
const batchSize = 500;

/**
 * A list that holds as much as when 300 sessions end each second, and into which they go on coming, one by one: each of
 * them has every token looked up again when it comes next.
 */
export function holdRevocations(): RevocationList {
  const list = createRevocationList({ retentionSeconds });
  for (let count = 0; count < held; count += batchSize)
    list.apply(Array.from({ length: batchSize }, signOut));
  list.confirm();
  const everyMs = (retentionSeconds * 1000) / held;
  setInterval(() => {
    list.apply([signOut()]);
    list.confirm();
  }, everyMs).unref();
  return list;
}

function signOut(): Revocation {
  const id = `0-${randomBytes(16).toString('base64url')}`;
  // Parsed, as it comes from the feed.
  return JSON.parse(JSON.stringify({ kind: 'session', id, reason: 'sign_out' }));
}
