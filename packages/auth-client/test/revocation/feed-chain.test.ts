import { describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../src/feed/event.ts';
import { type ChainVerdict, FeedChain } from '../../src/revocation/feed-chain.ts';
import { at, epoch } from './events.ts';

type Step = [kind: FeedEvent['kind'] | 'page', from: number, to: number, of?: string] | 'open' | 'refuse';

/** The chain's verdict on each event. A `page` is a page of a snapshot that is not the last. */
function verdicts(chain: FeedChain, ...steps: Step[]): ChainVerdict[] {
  return steps.flatMap((step) => {
    if (typeof step === 'string') {
      chain[step]();
      return [];
    }
    const [kind, from, to, of = epoch] = step;
    const event = { after: at(from, of), upTo: at(to, of), revocations: [], done: kind === 'snapshot' };
    return chain.accept({ ...event, kind: kind === 'page' ? 'snapshot' : kind });
  });
}

/** A chain that is complete up to this entry. */
function known(head: number): FeedChain {
  const chain = new FeedChain();
  verdicts(chain, 'open', ['snapshot', 0, head]);
  return chain;
}

describe('the chain of events', () => {
  it('begins with a snapshot, and holds as long as each event follows the one before', () => {
    const chain = new FeedChain();
    expect(chain.position).toBeUndefined();
    expect(verdicts(chain, 'open', ['page', 3, 5])).toEqual(['incomplete']);
    expect(chain.position).toBeUndefined();
    expect(verdicts(chain, ['snapshot', 5, 6], ['batch', 6, 9], ['heartbeat', 9, 9])).toEqual([
      'complete',
      'complete',
      'complete',
    ]);
    expect(chain.position).toEqual(at(9));
  });

  it.each<[string, Step]>([
    ['an event is missing', ['batch', 11, 12]],
    ['an event comes twice', ['batch', 9, 10]],
    ['a heartbeat is ahead of us', ['heartbeat', 11, 11]],
    ['a heartbeat is behind us', ['heartbeat', 9, 9]],
    ['the data are others', ['batch', 10, 11, 'ffff']],
    ['a heartbeat is of other data', ['heartbeat', 10, 10, 'ffff']],
  ])('has a gap when %s, and then needs a snapshot', (_name, step) => {
    const chain = known(10);
    expect(verdicts(chain, step)).toEqual(['gap']);
    expect(chain.position).toBeUndefined();
    expect(verdicts(chain, 'open', ['batch', 10, 11])).toEqual(['gap']);
    expect(verdicts(chain, 'open', ['heartbeat', 10, 10])).toEqual(['gap']);
    expect(verdicts(chain, 'open', ['snapshot', 0, 12])).toEqual(['complete']);
  });

  it('has no gap when only a heartbeat was refused', () => {
    expect(verdicts(known(10), 'refuse', ['heartbeat', 10, 10], ['batch', 10, 11])).toEqual([
      'complete',
      'complete',
    ]);
  });

  it('goes on over a new connection', () => {
    expect(verdicts(known(10), 'open', ['batch', 10, 12], ['heartbeat', 12, 12])).toEqual([
      'complete',
      'complete',
    ]);
  });

  it('takes a snapshot at any time, also of other data', () => {
    const chain = known(10);
    expect(verdicts(chain, ['page', 0, 4, 'ffff'], ['snapshot', 4, 5, 'ffff'])).toEqual([
      'incomplete',
      'complete',
    ]);
    expect(chain.position).toEqual(at(5, 'ffff'));
  });
});

describe('a snapshot', () => {
  it.each<[string, Step[]]>([
    [
      'a page is missing',
      [
        ['page', 0, 4],
        ['snapshot', 5, 6],
      ],
    ],
    [
      'a page comes twice',
      [
        ['page', 0, 4],
        ['page', 0, 4],
      ],
    ],
    [
      'news come before its end',
      [
        ['page', 0, 4],
        ['batch', 4, 5],
      ],
    ],
    ['its first page was refused', ['refuse', ['snapshot', 4, 5]]],
    ['a page in the middle was refused', [['page', 0, 4], 'refuse', ['snapshot', 5, 6]]],
  ])('has a gap when %s', (_name, steps) => {
    const chain = new FeedChain();
    chain.open();
    expect(verdicts(chain, ...steps).at(-1)).toBe('gap');
    expect(chain.position).toBeUndefined();
  });

  it('is not complete because a heartbeat comes within it', () => {
    const chain = new FeedChain();
    expect(verdicts(chain, 'open', ['page', 0, 4], ['heartbeat', 9, 9], ['snapshot', 4, 9])).toEqual([
      'incomplete',
      'incomplete',
      'complete',
    ]);
  });

  it('that broke off begins again, and is not continued', () => {
    const chain = known(10);
    expect(verdicts(chain, ['page', 0, 4, 'ffff'])).toEqual(['incomplete']);
    chain.open();
    expect(chain.position).toBeUndefined();
    expect(verdicts(chain, ['snapshot', 4, 9, 'ffff'])).toEqual(['complete']);
    expect(verdicts(known(10), ['page', 0, 4], 'open', ['batch', 10, 11])).toEqual(['incomplete', 'gap']);
  });
});
