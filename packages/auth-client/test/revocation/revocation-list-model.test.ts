import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Revocation } from '../../src/feed/revocation.ts';
import { createRevocationList, type RevocableToken } from '../../src/revocation/revocation-list.ts';

// Compares the list with a simple model, which searches everything that was received. Few names and close times make
// entries collide.

const retentionSeconds = 10;

type Received = {
  revocation: Revocation;
  atMs: number;
};

function concerns(revocation: Revocation, token: RevocableToken): boolean {
  switch (revocation.kind) {
    case 'session':
      return token.sessionId === revocation.id;
    case 'token':
      return token.tokenId === revocation.id;
    case 'key':
      return token.keyId === revocation.id;
    case 'subject':
      return token.subject === revocation.id && token.issuedAt < revocation.before;
    case 'client':
      return token.clientId === revocation.id && token.issuedAt < revocation.before;
    case 'all':
      return token.issuedAt < revocation.before;
  }
}

const namesOf = (revocations: readonly Revocation[]): Set<string> =>
  new Set(revocations.map((each) => `${each.kind} ${'id' in each ? each.id : ''}`));

const id = fc.constantFrom('a', 'b', 'c');
const before = fc.integer({ min: 100, max: 106 });
const reason = fc.constantFrom('sign_out', 'displaced', 'reuse');
const revocation: fc.Arbitrary<Revocation> = fc.oneof(
  fc.record({ kind: fc.constantFrom('session', 'token', 'key'), id, reason }),
  fc.record({ kind: fc.constantFrom('subject', 'client'), id, before, reason }),
  fc.record({ kind: fc.constant('all' as const), before, reason }),
);
const token: fc.Arbitrary<RevocableToken> = fc.record({
  sessionId: fc.option(id, { nil: undefined }),
  tokenId: id,
  subject: id,
  clientId: id,
  keyId: id,
  issuedAt: fc.integer({ min: 99, max: 106 }),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ apply: fc.array(revocation, { maxLength: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ advanceMs: fc.integer({ min: 0, max: 4000 }) }) },
  { weight: 1, arbitrary: fc.record({ stepMs: fc.integer({ min: -1e6, max: 1e6 }) }) },
  { weight: 1, arbitrary: fc.constant({ confirm: true as const }) },
  { weight: 5, arbitrary: fc.record({ find: token }) },
  { weight: 2, arbitrary: fc.constant({ size: true as const }) },
);

describe('the list of revocations', () => {
  it('answers as a search through all entries would, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.array(step, { maxLength: 60, size: 'max' }),
        (startMs, steps) => {
          let monotonicMs = startMs;
          let wallMs = 1.7e12;
          const clock = { monotonicMs: () => monotonicMs, wallMs: () => wallMs };
          const list = createRevocationList({ retentionSeconds, clock });
          const received: Received[] = [];
          const good = new Map<string, number>();
          const within = (seconds: number): Revocation[] =>
            received.flatMap((each) =>
              each.revocation.kind === 'key' || monotonicMs - each.atMs < seconds * 1000
                ? [each.revocation]
                : [],
            );

          for (const action of steps) {
            if ('advanceMs' in action) monotonicMs += action.advanceMs;
            else if ('stepMs' in action) wallMs += action.stepMs;
            else if ('confirm' in action) list.confirm();
            else if ('apply' in action) {
              list.apply(action.apply);
              for (const each of action.apply) received.push({ revocation: each, atMs: monotonicMs });
            } else if ('size' in action) {
              // A repeated revocation starts its retention again, and is removed at most a second after its end.
              expect(list.size).toBeGreaterThanOrEqual(namesOf(within(retentionSeconds)).size);
              expect(list.size).toBeLessThanOrEqual(namesOf(within(retentionSeconds + 1)).size);
            } else {
              const reasons = (seconds: number): string[] =>
                within(seconds).flatMap((each) => (concerns(each, action.find) ? [each.reason] : []));
              const found = list.find(action.find);
              // The list holds every entry within its retention, and none that was never received.
              if (reasons(retentionSeconds).length > 0) expect(found).toBeDefined();
              if (found !== undefined) expect(reasons(Number.POSITIVE_INFINITY)).toContain(found);
              // A token that passed under this revision needs a check only against later entries, with the same result.
              const name = JSON.stringify(action.find);
              const goodAt = good.get(name);
              const foundSince = list.find(action.find, goodAt);
              if (found === undefined) good.set(name, list.revision);
              else expect(foundSince).toBeDefined();
              if (goodAt === list.revision) expect(foundSince).toBeUndefined();
              if (foundSince !== undefined) expect(reasons(Number.POSITIVE_INFINITY)).toContain(foundSince);
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
