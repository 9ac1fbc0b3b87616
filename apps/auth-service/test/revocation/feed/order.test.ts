import type { Revocation } from '@latchkey/auth-client';
import type { Position } from '@latchkey/auth-client/feed';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventStream } from '../../../src/revocation/feed/event-stream.ts';
import { createRevocationFeed } from '../../../src/revocation/feed/feed.ts';
import { isAhead } from '../../../src/revocation/feed/order.ts';
import type { SecurityEvents } from '../../../src/revocation/feed/security-event.ts';
import type { RevocationBatch } from '../../../src/revocation/log/revocation-log.ts';
import { ScriptedLog } from './scripted-log.ts';

const shards = 2;
const heartbeatMs = 1_000_000;

type Told =
  | { readonly type: 'revocations'; readonly batch: RevocationBatch }
  | { readonly type: 'snapshot'; readonly batch: RevocationBatch; readonly done: boolean }
  | { readonly type: 'heartbeat'; readonly position: Position };

/** Follows the feed as a subscriber does, and compares every message with the truth. */
class Reader implements EventStream {
  isOpen = true;
  readonly unsentBytes = 0;
  position: Position | undefined;
  heartbeats = 0;
  /** Whether the feed has said that the subscriber's own token is revoked. */
  isRevoked = false;
  readonly faults: unknown[] = [];
  readonly closed: Promise<void>;
  readonly tokenId: string;
  readonly #log: ScriptedLog;
  readonly #slow: <T>(value: T) => Promise<T>;
  readonly #headAtStart: Position;
  #isInSnapshot: boolean;
  #close = () => {};

  constructor(
    log: ScriptedLog,
    slow: <T>(value: T) => Promise<T>,
    position: Position | undefined,
    tokenId: string,
  ) {
    this.tokenId = tokenId;
    this.#log = log;
    this.#headAtStart = log.head;
    this.#slow = slow;
    this.position = position;
    this.#isInSnapshot = position === undefined;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  get isComplete(): boolean {
    return !this.#isInSnapshot && this.position?.join() === this.#log.head.join();
  }

  write(bytes: Buffer): boolean {
    try {
      this.#read(bytes);
    } catch (fault) {
      // If thrown into the feed, it could pass for a transient failure.
      this.faults.push(fault);
    }
    return true;
  }

  untilDrained = () => this.#slow(undefined);
  end(): void {
    if (!this.isRevoked) this.faults.push(new Error('ended before it was told why'));
    this.hangUp();
  }
  breakOff(): void {
    this.faults.push(new Error('broken off'));
  }
  hangUp(): void {
    this.isOpen = false;
    this.#close();
  }

  #read(bytes: Buffer): void {
    const [, id, data = ''] = /^id: (.+)\ndata: (.+)\n\n$/.exec(bytes.toString()) ?? [];
    const told = JSON.parse(data) as Told;
    const { after, upTo } = 'batch' in told ? told.batch : { after: told.position, upTo: told.position };
    expect(id).toBe(upTo.join());
    const before = this.position;
    this.position = upTo;
    if (told.type === 'snapshot') this.#readSnapshotPage(told, { before, after });
    else {
      expect(this.#isInSnapshot).toBe(false);
      expect(after).toEqual(before);
    }
    if ('batch' in told) this.#readRevocations(told.batch);
    else this.heartbeats += 1;
  }

  #readRevocations({ after, upTo, revocations }: RevocationBatch): void {
    const isOwn = (revocation: Revocation) => revocation.kind === 'token' && revocation.id === this.tokenId;
    this.isRevoked ||= revocations.some(isOwn);
    expect(namesOf(revocations)).toEqual(namesOf(this.#log.between(after, upTo)));
  }

  #readSnapshotPage(
    { done }: { done: boolean },
    { before, after }: { before: Position | undefined; after: Position },
  ): void {
    const isNextPage = this.#isInSnapshot && before?.join() === after.join();
    // Otherwise it is the first page of another snapshot, which must contain everything that the log keeps.
    if (!isNextPage) expect(this.#log.keepsNothingBefore(after)).toBe(true);
    this.#isInSnapshot = !done;
    if (done) expect(isAhead(this.#headAtStart, this.position ?? [])).toBe(false);
  }
}

/** Sorted, because shards have no order among them. */
function namesOf(revocations: readonly (Revocation | undefined)[]): string[] {
  return revocations.map((revocation) => JSON.stringify(revocation)).sort();
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      shard: fc.nat(1),
      count: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('tell' as const), most: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trim' as const), shard: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), keepsData: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('join' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resume' as const), reader: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail to sign' as const) }) },
  {
    weight: 16,
    arbitrary: fc.record({ do: fc.constant('wait' as const), count: fc.integer({ min: 1, max: 8 }) }),
  },
);

test('despite all disturbances, every reader gets an unbroken chain of exactly the revocations', async () => {
  const met = { revocations: 0, snapshot: 0, heartbeat: 0, resumed: 0, revoked: 0, failures: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(step, { minLength: 40, maxLength: 120 }),
      async (scheduler, steps) => {
        const slow = <T>(value: T): Promise<T> => scheduler.schedule(Promise.resolve(value));
        const log = new ScriptedLog(shards, slow);
        let failures = 0;
        const sign = async (told: Told): Promise<string> => {
          await slow(undefined);
          if (failures > 0) {
            failures -= 1;
            met.failures += 1;
            throw new Error('there is no key');
          }
          return JSON.stringify(told);
        };
        const events: SecurityEvents = {
          revocations: (batch) => sign({ type: 'revocations', batch }),
          snapshot: (batch, { done }) => sign({ type: 'snapshot', batch, done }),
          heartbeat: (position) => sign({ type: 'heartbeat', position }),
        };
        const feed = createRevocationFeed({
          log,
          events,
          signingKid: () => 'k1',
          heartbeatMs: heartbeatMs,
          isRevoked: () => false,
          onSent(type) {
            met[type] += 1;
          },
          pause: () => slow(undefined),
        });
        const readers: Reader[] = [];
        let number = 0;
        /** Subscribes with a token that is soon revoked. */
        const join = (position?: Position) => {
          const reader = new Reader(log, slow, position, `t${number + 8}`);
          readers.push(reader);
          const token = { tokenId: reader.tokenId, subject: 's', clientId: 's', issuedAt: 0, keyId: 'k1' };
          feed.add(reader, { token, lastEventId: position?.join() });
        };
        const newRevocation = (): Revocation => {
          number += 1;
          return { kind: 'token', id: `t${number}`, reason: 'token_revoked' };
        };

        for (const now of steps) {
          if (now.do === 'append')
            for (let index = 0; index < now.count; index += 1) log.append(now.shard, newRevocation());
          else if (now.do === 'tell') log.tell(now.most);
          else if (now.do === 'trim') log.trim(now.shard);
          else if (now.do === 'restart') log.restart(now);
          else if (now.do === 'join') join();
          else if (now.do === 'fail to sign') failures += 1;
          else if (now.do === 'resume') {
            const reader = readers[now.reader % (readers.length || 1)];
            reader?.hangUp();
            met.resumed += reader === undefined ? 0 : 1;
            if (reader?.position !== undefined) join(reader.position);
          } else await scheduler.waitNext(Math.min(now.count, scheduler.count()));
        }
        failures = 0;
        log.tell(1000);
        join();
        await scheduler.waitIdle();

        expect(readers.flatMap(({ faults }) => faults)).toEqual([]);
        const open = readers.filter(({ isOpen }) => isOpen);
        expect(open.filter(({ isRevoked }) => isRevoked)).toEqual([]);
        met.revoked += readers.filter(({ isRevoked }) => isRevoked).length;
        expect(open.map(({ isComplete }) => isComplete)).toEqual(open.map(() => true));
        expect(open.filter(({ heartbeats }) => heartbeats === 0)).toEqual([]);
        for (const reader of open) reader.hangUp();
        feed.close();
      },
    ),
    { numRuns: 500 },
  );
  // The runs reached every case, so the property was tested.
  expect(Object.entries(met).filter(([, count]) => count === 0)).toEqual([]);
});
