import type { RevocationBatch, RevocationLog } from '../log/revocation-log.ts';
import { eventIdOf } from './event-id.ts';
import { type FeedMessage, feedMessage, MOST_REVOCATIONS } from './message.ts';
import type { SecurityEvents } from './security-event.ts';

/** How many are kept for subscribers that are a little behind: some 6 MB at the most. */
const MOST_KEPT = 64;

type Unsigned = RevocationBatch & {
  /** It takes no more: it is being signed, or a page ends where it does. */
  isSealed: boolean;
};

export type LiveMessagesOptions = {
  readonly log: Pick<RevocationLog, 'head'>;
  readonly events: Pick<SecurityEvents, 'revocations'>;
  /** Whether anybody follows. If not, nothing is signed. */
  readonly isAwaited: () => boolean;
  /** There is one more message, or one will not come. */
  readonly onChange: () => void;
  /** A message could not be signed. Subscribers get what it would have told by a page. */
  readonly onFailed: (error: unknown) => void;
};

export type LiveMessages = ReturnType<typeof createLiveMessages>;

/**
 * The last messages about what is revoked now, by the position from which each leads on.
 *
 * One signature is made at a time, and what comes meanwhile goes into the next message together: the first of a burst
 * leaves at once, and the burst costs as many signatures as fit into the time that it takes.
 */
export function createLiveMessages({ log, events, isAwaited, onChange, onFailed }: LiveMessagesOptions) {
  const signed = new Map<string, FeedMessage>();
  const unsigned: Unsigned[] = [];
  let isSigning = false;

  return {
    push(batch: RevocationBatch): void {
      const last = unsigned.at(-1);
      const revocations = [...(last?.revocations ?? []), ...batch.revocations];
      if (last?.isSealed === false && revocations.length <= MOST_REVOCATIONS)
        unsigned[unsigned.length - 1] = { ...last, upTo: batch.upTo, revocations };
      else unsigned.push({ ...batch, isSealed: false });
      if (!isSigning) void signAll();
    },

    /** The message that leads on from the position with this id, if it is signed and kept. */
    from: (id: string): FeedMessage | undefined => signed.get(id),

    /** Whether a message will lead on from the position with this id, so that one can wait for it. */
    isComing: (id: string): boolean =>
      id === eventIdOf(log.head) || unsigned.some(({ after }) => eventIdOf(after) === id),

    /** From now on a message leads on from the head. */
    seal(): void {
      const last = unsigned.at(-1);
      if (last !== undefined) last.isSealed = true;
    },

    /** Forgets all: the log has another epoch. */
    clear(): void {
      signed.clear();
      unsigned.length = 0;
    },
  };

  async function signAll(): Promise<void> {
    isSigning = true;
    for (let next = unsigned[0]; next !== undefined; next = unsigned[0]) {
      next.isSealed = true;
      const message = isAwaited() ? await sign(next) : undefined;
      // Otherwise it is of an epoch that is over.
      if (unsigned[0] === next) {
        unsigned.shift();
        if (message !== undefined) keep(message);
        onChange();
      }
    }
    isSigning = false;
  }

  async function sign(batch: RevocationBatch): Promise<FeedMessage | undefined> {
    try {
      return feedMessage('revocations', batch, await events.revocations(batch));
    } catch (error) {
      onFailed(error);
      return undefined;
    }
  }

  function keep(message: FeedMessage): void {
    signed.set(message.after, message);
    const [oldest] = signed.keys();
    if (signed.size > MOST_KEPT && oldest !== undefined) signed.delete(oldest);
  }
}
