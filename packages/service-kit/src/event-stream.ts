/**
 * Headers of an answer of server-sent events (WHATWG HTML §9.2), which has no end. They ask what stands in between to
 * pass on each event at once: nginx not to gather (X-Accel-Buffering), whatever compresses to leave it alone
 * (`no-transform`, RFC 9111 §5.2.2.6), caches to keep nothing. docs/proxies.md says what must be set at a proxy all the same.
 */
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  connection: 'close',
};

/** A comment, to be sent with the head: whoever has not got it by then is behind something that gathers. */
export const eventStreamOpening = ':\n\n';
