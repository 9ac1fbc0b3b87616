import { randomUUID } from 'node:crypto';
import { createRevocationList, type Revocation, type RevocationList } from '@latchkey/auth-client';

const held = 100_000;
/** The longest lifetime of a token plus the clock skew. A service holds a revocation for this long. */
const retentionSeconds = 330;
const batchSize = 500;

/**
 * A list that holds as many revocations as when 300 sessions end each second. New ones are added one by one, and after
 * each of them every token is looked up again at its next request.
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

/** A list of 100,000 revocations. */
export function fillList(): RevocationList {
  const list = createRevocationList({ retentionSeconds });
  for (let count = 0; count < held; count += batchSize) list.apply(signOuts(batchSize));
  list.confirm();
  return list;
}

/** Revocations that are parsed as from the feed, with ids as long as those of sessions. */
function signOuts(count: number): Revocation[] {
  const made = Array.from({ length: count }, () => {
    const id = `0-${randomUUID().replaceAll('-', '').slice(0, 22)}`;
    return { kind: 'session', id, reason: 'sign_out' };
  });
  return JSON.parse(JSON.stringify(made));
}
