import { eventually } from '@latchkey/testing';
import { expect, onTestFinished, test } from 'vitest';
import type { EventStream } from '../../../src/revocation/feed/event-stream.ts';
import { createRevocationFeed } from '../../../src/revocation/feed/feed.ts';
import { ScriptedLog } from './scripted-log.ts';

const token = { tokenId: 't1', subject: 's', clientId: 's', issuedAt: 0, keyId: 'k1' };

/** A resumed stream that is up to date, and a feed that can learn that the stream's token is revoked. */
function resumedStream() {
  const log = new ScriptedLog(1, async (value) => value);
  const known = { isRevoked: false };
  const feed = createRevocationFeed({
    log,
    events: { revocations: async () => 'r', snapshot: async () => 's', heartbeat: async () => 'h' },
    signingKid: () => 'k1',
    heartbeatMs: 20,
    isRevoked: () => known.isRevoked,
  });
  onTestFinished(() => feed.close());
  const stream: EventStream & { isOpen: boolean; written: number } = {
    isOpen: true,
    written: 0,
    unsentBytes: 0,
    write() {
      stream.written += 1;
      return true;
    },
    untilDrained: async () => {},
    end() {
      stream.isOpen = false;
    },
    breakOff: () => stream.end(),
    closed: new Promise(() => {}),
  };
  feed.add(stream, { token, lastEventId: log.head.join() });
  return { log, stream, known };
}

test('a stream that was resumed after the revocation of its token ends, although it gets no more events', async () => {
  const { stream, known } = resumedStream();
  await eventually('the stream has been written to', () => expect(stream.written).toBeGreaterThan(2));
  expect(stream.isOpen).toBe(true);
  known.isRevoked = true;
  await eventually('the stream is closed', () => expect(stream.isOpen).toBe(false));
});
