/**
 * Headers of an endless answer of server-sent events (WHATWG HTML §9.2). They ask proxies to pass each event on at
 * once: X-Accel-Buffering stops nginx from buffering, `no-transform` (RFC 9111 §5.2.2.6) stops compression, and
 * `no-store` stops caching. docs/proxies.md says what a proxy needs besides.
 */
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  connection: 'close',
};

/** A comment to send with the response head. A client that does not get it at once is behind a buffering proxy. */
export const eventStreamOpening = ':\n\n';
