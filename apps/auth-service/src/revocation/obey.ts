import type { RevocationList } from '@latchkey/auth-client';
import type { RevocationLog } from './revocation-log.ts';

/** How old the list says that it is, at most, while the log is following. */
const CONFIRM_MS = 250;

/**
 * Has auth-service itself refuse what it has revoked: the list takes in what the log tells, and is complete while the
 * log is following.
 *
 * @returns what ends it
 * @example
 * app.addHook('onClose', async () => stopObeying());
 */
export function obeyRevocations(log: RevocationLog, list: RevocationList): () => void {
  const confirm = () => {
    if (log.isFollowing) list.confirm();
  };
  const stopListening = log.onBatch(({ revocations }) => {
    list.apply(revocations);
    confirm();
  });
  const timer = setInterval(confirm, CONFIRM_MS);
  timer.unref();
  return () => {
    stopListening();
    clearInterval(timer);
  };
}
