import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { eventStreamHeaders, eventStreamOpening } from '@latchkey/service-kit';

/**
 * How much may be unsent to a slow reader. A minute of 1,000 revocations per second is more than three times as much.
 */
export const maxUnsentBytes = 1024 * 1024;
/** How long the remaining bytes may take once a stream has ended. */
const lastBytesMs = 1000;

/** An open HTTP response to which server-sent events are written. */
export type EventStream = {
  /** Sends these bytes. Returns false when too much is unsent; then the stream is broken off instead. */
  write(bytes: Buffer): boolean;
  /** Resolves once the written bytes have left this process, or the stream has closed. */
  untilDrained(): Promise<void>;
  readonly unsentBytes: number;
  /** Whether more can be sent. */
  readonly isOpen: boolean;
  /** Ends the response normally. */
  end(): void;
  /** Closes the connection and discards the unsent bytes. */
  breakOff(): void;
  /** Resolves when the connection is closed by either side. */
  readonly closed: Promise<void>;
};

/**
 * Sends the response head and a comment at once, and keeps the body open. The connection ends with the stream.
 *
 * @example
 * const stream = openEventStream(reply.raw, reply.getHeaders());
 * stream.write(Buffer.from('data: …\n\n'));
 */
export function openEventStream(response: ServerResponse, headers: OutgoingHttpHeaders): EventStream {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  let isOpen = !response.destroyed;
  let wake = () => {};

  response.on('drain', () => wake());
  response.on('close', close);
  // When a reader hangs up, `close` reports it.
  response.on('error', () => {});
  void closed.then(() => {
    isOpen = false;
    wake();
  });
  if (isOpen) {
    response.writeHead(200, { ...headers, ...eventStreamHeaders });
    response.write(eventStreamOpening);
  } else close();

  return {
    write(bytes) {
      if (!isOpen) return true;
      if (response.writableLength + bytes.length > maxUnsentBytes) {
        breakOff();
        return false;
      }
      response.write(bytes);
      return true;
    },
    async untilDrained() {
      while (isOpen && response.writableNeedDrain) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    get unsentBytes() {
      return response.writableLength;
    },
    get isOpen() {
      return isOpen;
    },
    end() {
      if (!isOpen) return;
      isOpen = false;
      wake();
      response.end();
      const timer = setTimeout(breakOff, lastBytesMs);
      void closed.then(() => clearTimeout(timer));
    },
    breakOff,
    closed,
  };

  function breakOff(): void {
    isOpen = false;
    wake();
    response.destroy();
  }
}
