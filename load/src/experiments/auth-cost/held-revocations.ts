import { randomUUID } from 'node:crypto';
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
  const list = fillList();
  const everyMs = (retentionSeconds * 1000) / held;
  setInterval(() => {
    list.apply(signOuts(1));
    list.confirm();
  }, everyMs).unref();
  return list;
}

/** A list of 100,000. */
export function fillList(): RevocationList {
  const list = createRevocationList({ retentionSeconds });
  for (let count = 0; count < held; count += batchSize) list.apply(signOuts(batchSize));
  list.confirm();
  return list;
}

/** Parsed, as they come from the feed, with ids as long as those of sessions. */
function signOuts(count: number): Revocation[] {
  const made = Array.from({ length: count }, () => {
    const id = `0-${randomUUID().replaceAll('-', '').slice(0, 22)}`;
    return { kind: 'session', id, reason: 'sign_out' };
  });
  return JSON.parse(JSON.stringify(made));
}
