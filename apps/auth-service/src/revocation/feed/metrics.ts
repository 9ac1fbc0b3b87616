import { Counter, Gauge, type Registry } from 'prom-client';
import type { MessageType } from './message.ts';

/**
 * The feed's metrics. Rising snapshots mean that subscribers return after a long time. Any dropped stream means that a
 * subscriber does not keep up. A log that is not following means that nothing is sent, because Redis is away.
 */
export function addFeedMetrics(
  registry: Registry,
  source: {
    readonly streams: () => number;
    readonly unsentBytes: () => number;
    readonly isFollowing: () => boolean;
  },
): { onSent: (type: MessageType) => void; onDropped: () => void } {
  const registers = [registry];
  new Gauge({
    name: 'latchkey_revocation_streams',
    help: 'Streams of revocations that are open',
    registers,
    collect() {
      this.set(source.streams());
    },
  });
  new Gauge({
    name: 'latchkey_revocation_unsent_bytes',
    help: 'Unsent bytes of all streams together',
    registers,
    collect() {
      this.set(source.unsentBytes());
    },
  });
  new Gauge({
    name: 'latchkey_revocation_log_following',
    help: '1 while every entry in Redis has been read, 0 while Redis is away',
    registers,
    collect() {
      this.set(source.isFollowing() ? 1 : 0);
    },
  });
  const sent = new Counter({
    name: 'latchkey_revocation_sent_total',
    help: 'Messages written to streams of revocations, by type',
    labelNames: ['type'],
    registers,
  });
  const dropped = new Counter({
    name: 'latchkey_revocation_dropped_total',
    help: 'Streams of revocations that were broken off because their reader did not keep up',
    registers,
  });
  return { onSent: (type) => sent.inc({ type }), onDropped: () => dropped.inc() };
}
