import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { eventStreamHeaders, eventStreamOpening } from '@latchkey/service-kit';

/** What may wait for a reader that does not keep up. A minute of 1,000 revocations a second is more than three times that. */
export const MOST_UNSENT_BYTES = 1024 * 1024;
/** How long the rest may take to leave once a stream has ended. */
const LAST_BYTES_MS = 1000;

/** One open answer to which messages are written: server-sent events over HTTP. */
export type EventStream = {
  /** Sends these bytes. False: too much is unsent, and the stream is broken off instead. */
  write(bytes: Buffer): boolean;
  /** Resolves once what was written has left this process, or the stream has closed. */
  untilDrained(): Promise<void>;
  readonly unsentBytes: number;
  /** Whether more can be sent. */
  readonly isOpen: boolean;
  /** Ends the answer as a complete one. */
  end(): void;
  /** Breaks it off: what is unsent is forgotten. */
  breakOff(): void;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
};

/**
 * Sends the head of the answer and a comment at once, and leaves the rest open. The connection ends with the stream.
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
  // Of a reader that hung up, `close` tells.
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
      if (response.writableLength + bytes.length > MOST_UNSENT_BYTES) {
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
      const timer = setTimeout(breakOff, LAST_BYTES_MS);
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
