import type { Position } from '../log/position.ts';
import type { RevocationBatch, RevocationLog } from '../log/revocation-log.ts';
import { eventIdOf } from './event-id.ts';
import { type FeedMessage, feedMessage } from './message.ts';
import type { SecurityEvents } from './security-event.ts';

/** Some 12 MB at the most. Subscribers that catch up at the same time are about as far as each other. */
const MOST_KEPT = 64;

export type PagesOptions = {
  readonly log: Pick<RevocationLog, 'read' | 'head'>;
  readonly events: SecurityEvents;
  /** The kid of the key that signs now. */
  readonly signingKid: () => string;
};

export type Pages = ReturnType<typeof createPages>;

/**
 * What subscribers catch up with, read and signed once for all that ask at about the same time: after a restart of Redis
 * everybody wants everything. That is safe because entries never change: two positions say what is between them.
 */
export function createPages({ log, events, signingKid }: PagesOptions) {
  const reading = new Map<string, Promise<RevocationBatch | undefined>>();
  const read = new Map<string, RevocationBatch>();
  const signed = new Map<string, Promise<FeedMessage>>();
  let kid: string | undefined;
  let epoch = 0;

  return {
    /** Counts how often the log has had another epoch. What was read before is not to be sent after. */
    get epoch() {
      return epoch;
    },

    /** As the log's `read`. The page may be shorter than what there is by now; the next one goes on from there. */
    async read(after: Position | 'oldest'): Promise<RevocationBatch | undefined> {
      const name = after === 'oldest' ? after : eventIdOf(after);
      return read.get(name) ?? (await (reading.get(name) ?? readNow(name, after)));
    },

    /** The message for a page: `snapshot` or, to whom missed just this, `revocations`. */
    async sign(
      page: RevocationBatch,
      as: { readonly isSnapshot: boolean; readonly isLast: boolean },
    ): Promise<FeedMessage> {
      // What a revoked key signed would be refused.
      if (kid !== signingKid()) signed.clear();
      kid = signingKid();
      const name = [as.isSnapshot, as.isSnapshot && as.isLast, ...page.after, ...page.upTo].join(' ');
      return signed.get(name) ?? signNow(name, page, as);
    },

    /** Forgets what was read: the log has another epoch. */
    clear(): void {
      epoch += 1;
      reading.clear();
      read.clear();
      signed.clear();
    },
  };

  function readNow(name: string, after: Position | 'oldest'): Promise<RevocationBatch | undefined> {
    const head = eventIdOf(log.head);
    const promise = log.read(after).then((page) => {
      // One that ends at the head will soon be longer.
      if (page && reading.get(name) === promise && eventIdOf(page.upTo) !== head)
        keep(read, eventIdOf(page.after), page);
      return page;
    });
    reading.set(name, promise);
    const forget = () => {
      if (reading.get(name) === promise) reading.delete(name);
    };
    promise.then(forget, forget);
    return promise;
  }

  function signNow(
    name: string,
    page: RevocationBatch,
    { isSnapshot, isLast }: { readonly isSnapshot: boolean; readonly isLast: boolean },
  ): Promise<FeedMessage> {
    const promise = isSnapshot
      ? events.snapshot(page, { done: isLast }).then((token) => feedMessage('snapshot', page, token))
      : events.revocations(page).then((token) => feedMessage('revocations', page, token));
    keep(signed, name, promise);
    promise.catch(() => signed.delete(name));
    return promise;
  }
}

function keep<Value>(kept: Map<string, Value>, name: string, value: Value): void {
  kept.set(name, value);
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
}
