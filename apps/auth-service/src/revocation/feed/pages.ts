import type { Position } from '@latchkey/auth-client/feed';
import { eventIdOf } from '@latchkey/auth-client/feed';
import type { RevocationBatch, RevocationLog } from '../log/revocation-log.ts';
import { type FeedMessage, feedMessage } from './message.ts';
import type { SecurityEvents } from './security-event.ts';

/** At most about 12 MB. Subscribers that catch up at the same time need about the same pages. */
const maxKept = 64;

export type PagesOptions = {
  readonly log: Pick<RevocationLog, 'read' | 'head'>;
  readonly events: SecurityEvents;
  /** Returns the kid of the active signing key. */
  readonly signingKid: () => string;
};

export type Pages = ReturnType<typeof createPages>;

/**
 * The pages with which subscribers catch up. Each is read and signed once for all that need it at about the same time,
 * because after a restart of Redis every subscriber needs everything. Sharing is safe, because the entries between two
 * positions never change.
 */
export function createPages({ log, events, signingKid }: PagesOptions) {
  const reading = new Map<string, Promise<RevocationBatch | undefined>>();
  const read = new Map<string, RevocationBatch>();
  const signed = new Map<string, Promise<FeedMessage>>();
  let kid: string | undefined;
  let epoch = 0;

  return {
    /** Counts the log's changes of epoch. A page that was read before a change must not be sent after it. */
    get epoch() {
      return epoch;
    },

    /** As the log's `read`. The page may lack the newest entries; the next page continues from there. */
    async read(after: Position | 'oldest'): Promise<RevocationBatch | undefined> {
      const name = after === 'oldest' ? after : eventIdOf(after);
      return read.get(name) ?? (await (reading.get(name) ?? readNow(name, after)));
    },

    /** Makes the message for a page: `snapshot`, or `revocations` for a subscriber that missed just these. */
    async sign(
      page: RevocationBatch,
      as: { readonly isSnapshot: boolean; readonly isLast: boolean },
    ): Promise<FeedMessage> {
      // The previous key may have been revoked; subscribers would refuse its signatures.
      if (kid !== signingKid()) signed.clear();
      kid = signingKid();
      const name = [as.isSnapshot, as.isSnapshot && as.isLast, ...page.after, ...page.upTo].join(' ');
      return signed.get(name) ?? signNow(name, page, as);
    },

    /** Discards everything, because the log has a new epoch. */
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
      // A page that ends at the head is not kept, because it will soon be longer.
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
  if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
}
