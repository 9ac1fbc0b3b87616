import type { Revocation } from '@latchkey/auth-client';
import type { Position } from '../log/position.ts';
import type { RevocationBatch } from '../log/revocation-log.ts';
import { type FeedMessage, feedMessage, MOST_REVOCATIONS } from './message.ts';
import type { SecurityEvents } from './security-event.ts';

/** Everybody, or those to whom a heartbeat was promised. */
export type Recipients<Subscriber> = 'everybody' | ReadonlySet<Subscriber>;

type Item<Subscriber> =
  | { readonly number: number; readonly after: Position; upTo: Position; readonly revocations: Revocation[] }
  | { readonly number: number; readonly position: Position; to: 'everybody' | Set<Subscriber> };

export type LiveMessagesOptions<Subscriber> = {
  readonly events: SecurityEvents;
  /** Whether anybody would get a message with this number. If not, it is not even signed. */
  readonly isAwaited: (number: number) => boolean;
  readonly deliver: (message: FeedMessage, number: number, to: Recipients<Subscriber>) => void;
  /** A message could not be signed. It and what came after it is forgotten: whoever follows has to catch up. */
  readonly onFailed: (error: unknown) => void;
};

export type LiveMessages<Subscriber> = ReturnType<typeof createLiveMessages<Subscriber>>;

/**
 * Signs what happens now, in the order in which it happens, and delivers it in that order.
 *
 * One signature is made at a time, and what comes meanwhile goes into the next message together: the first of a burst
 * leaves at once, and the burst costs as many signatures as fit into the time that it takes, however many it brings.
 */
export function createLiveMessages<Subscriber>(options: LiveMessagesOptions<Subscriber>) {
  const { events, isAwaited, deliver, onFailed } = options;
  const queue: Item<Subscriber>[] = [];
  let nextNumber = 0;
  let sealedBefore = 0;
  let isSigning = false;

  return {
    push({ after, upTo, revocations }: RevocationBatch): void {
      const last = queue.at(-1);
      const isOpen = last !== undefined && 'revocations' in last && last.number >= sealedBefore;
      if (isOpen && last.revocations.length + revocations.length <= MOST_REVOCATIONS) {
        last.revocations.push(...revocations);
        last.upTo = upTo;
      } else {
        append({ number: nextNumber++, after, upTo, revocations: [...revocations] });
      }
    },

    /** Says that nothing comes between the last batch and this position, to one subscriber or to everybody. */
    heartbeat(position: Position, only?: Subscriber): void {
      const last = queue.at(-1);
      if (last === undefined || 'revocations' in last || last.number < sealedBefore) {
        const to = only === undefined ? 'everybody' : new Set([only]);
        append({ number: nextNumber++, position, to });
      } else if (only === undefined) last.to = 'everybody';
      else if (last.to !== 'everybody') last.to.add(only);
    },

    /** Returns the number of the message in which what comes from now on will be, and nothing from before. */
    seal(): number {
      sealedBefore = nextNumber;
      return nextNumber;
    },

    /** Forgets what has not been delivered. */
    clear(): void {
      queue.length = 0;
    },
  };

  function append(item: Item<Subscriber>): void {
    queue.push(item);
    if (!isSigning) void signAll();
  }

  async function signAll(): Promise<void> {
    isSigning = true;
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      if (!isAwaited(item.number)) continue;
      try {
        const message = await signed(item);
        deliver(message, item.number, 'to' in item ? item.to : 'everybody');
      } catch (error) {
        queue.length = 0;
        onFailed(error);
      }
    }
    isSigning = false;
  }

  async function signed(item: Item<Subscriber>): Promise<FeedMessage> {
    if ('revocations' in item) return feedMessage('revocations', item, await events.revocations(item));
    const { position } = item;
    const nothing = { after: position, upTo: position, revocations: [] };
    return feedMessage('heartbeat', nothing, await events.heartbeat(position));
  }
}
