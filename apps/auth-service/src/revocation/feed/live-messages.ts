import { eventIdOf, maxRevocations } from '@latchkey/auth-client/feed';
import type { RevocationBatch, RevocationLog } from '../log/revocation-log.ts';
import { type FeedMessage, feedMessage } from './message.ts';
import type { SecurityEvents } from './security-event.ts';

/** How many messages are kept for subscribers that are slightly behind: at most about 6 MB. */
const maxKept = 64;

type Unsigned = RevocationBatch & {
  /** It accepts no more entries, because it is being signed, or because a page ends where it ends. */
  isSealed: boolean;
};

export type LiveMessagesOptions = {
  readonly log: Pick<RevocationLog, 'head'>;
  readonly events: Pick<SecurityEvents, 'revocations'>;
  /** Whether there are subscribers. If not, nothing is signed. */
  readonly isAwaited: () => boolean;
  /** Called when a message was added, or an expected one will not come. */
  readonly onChange: () => void;
  /** Called when a message could not be signed. Subscribers get its content from a page instead. */
  readonly onFailed: (error: unknown) => void;
};

export type LiveMessages = ReturnType<typeof createLiveMessages>;

/**
 * The latest messages about new revocations, by the position after which each continues.
 *
 * Only one signature is made at a time, and revocations that arrive meanwhile are combined into the next message. So
 * the first revocation of a burst is sent at once, and the rest of it costs few signatures.
 */
export function createLiveMessages({ log, events, isAwaited, onChange, onFailed }: LiveMessagesOptions) {
  const signed = new Map<string, FeedMessage>();
  const unsigned: Unsigned[] = [];
  let isSigning = false;

  return {
    push(batch: RevocationBatch): void {
      const last = unsigned.at(-1);
      const revocations = [...(last?.revocations ?? []), ...batch.revocations];
      if (last?.isSealed === false && revocations.length <= maxRevocations)
        unsigned[unsigned.length - 1] = { ...last, upTo: batch.upTo, revocations };
      else unsigned.push({ ...batch, isSealed: false });
      if (!isSigning) void signAll();
    },

    /** The message that continues after the position with this id, if it is signed and kept. */
    from: (id: string): FeedMessage | undefined => signed.get(id),

    /** Whether a message that continues after the position with this id will come, so that a caller can wait for it. */
    isComing: (id: string): boolean =>
      id === eventIdOf(log.head) || unsigned.some(({ after }) => eventIdOf(after) === id),

    /** Makes sure that a message will start at the current head. */
    seal(): void {
      const last = unsigned.at(-1);
      if (last !== undefined) last.isSealed = true;
    },

    /** Discards everything, because the log has a new epoch. */
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
      // If it differs, clear() was called and the message belongs to an earlier epoch.
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
    if (signed.size > maxKept && oldest !== undefined) signed.delete(oldest);
  }
}
