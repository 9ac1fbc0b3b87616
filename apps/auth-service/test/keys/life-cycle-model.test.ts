import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  afterRevocations,
  type KeyAction,
  type KeyState,
  type KeyTimes,
  planRevocation,
  planRotation,
  type RotationPolicy,
  stateOf,
} from '../../src/keys/life-cycle.ts';

const second = 1000;
const day = 86_400_000;
const replicaCount = 3;

/**
 * Replicas on one database and consumers that cache key sets for as long as they may, driven only by the rules. Each
 * replica's clock is off by up to a fifth of the skew, and it reads the database at least every sixth of the skew.
 * Together that is less than the skew, as life-cycle.ts requires.
 */
class House {
  now = Date.UTC(2026, 0, 1);
  database: KeyTimes[] = [];
  /** What each replica saw at its last read. */
  seen: { at: number; keys: KeyTimes[] }[] = [];
  /** The sets that consumers may still hold. */
  cached: { until: number; kids: Set<string> }[] = [];
  tokens: { kid: string; expiresAt: number }[] = [];
  activations = 0;
  readonly revoked = new Set<string>();
  readonly policy: RotationPolicy;
  readonly clockOffsets: readonly number[];
  private made = 0;

  constructor(policy: RotationPolicy, clockOffsets: readonly number[]) {
    this.policy = policy;
    this.clockOffsets = clockOffsets;
    for (let replica = 0; replica < replicaCount; replica += 1) this.look(replica, { rotate: true });
  }

  clock(replica: number): number {
    return this.now + ((this.clockOffsets[replica] ?? 0) * this.policy.skewSeconds * second) / 5;
  }

  look(replica: number, how: { rotate: boolean; commanded?: boolean }): void {
    if (how.rotate) this.rotate(replica, how.commanded ?? false);
    this.seen[replica] = { at: this.now, keys: this.database };
  }

  /** Advances time in steps; in each, every replica reads as often as it must. */
  pass(milliseconds: number): void {
    const reloadMs = (this.policy.skewSeconds * second) / 6;
    const end = this.now + milliseconds;
    while (this.now < end) {
      const due = Math.min(...this.seen.map(({ at }) => at + reloadMs));
      // For days in which nothing can change, one read at the end is enough.
      this.now = end - this.now > day / 2 ? end : Math.min(end, Math.max(due, this.now + 1));
      for (const [replica, { at }] of this.seen.entries()) {
        if (this.now - at >= reloadMs) this.look(replica, { rotate: true });
      }
      this.check();
    }
  }

  publish(replica: number): Set<string> {
    return new Set(this.seen[replica]?.keys.filter((key) => stateOf(key) !== 'gone').map(({ kid }) => kid));
  }

  fetch(replica: number): void {
    this.cached.push({
      until: this.now + this.policy.jwksMaxAgeSeconds * second,
      kids: this.publish(replica),
    });
  }

  sign(replica: number): void {
    const kid = this.seen[replica]?.keys.find((key) => stateOf(key) === 'active')?.kid ?? 'none';
    this.tokens.push({ kid, expiresAt: this.now + this.policy.tokenSeconds * second });
    this.check();
  }

  /**
   * Every replica learns of the revocation. Those that can read the database do; the others keep what they have. Each
   * consumer fetches the set again from any replica.
   */
  revoke(replica: number, which: { key: number; readers: readonly boolean[] }): void {
    for (const other of this.seen.keys()) this.look(other, { rotate: false });
    const published = this.database.filter((key) => stateOf(key) !== 'gone');
    const kid = published[which.key % published.length]?.kid ?? '';
    this.carryOut(planRevocation(this.database, kid), this.clock(replica));
    this.revoked.add(kid);
    this.tokens = this.tokens.filter((token) => token.kid !== kid);
    for (const [other, { keys }] of this.seen.entries()) {
      if (other === replica || which.readers[other]) this.look(other, { rotate: false });
      else {
        const left = afterRevocations(keys, { kids: [kid], now: this.clock(other) });
        this.seen[other] = { at: this.now, keys: [...left] };
      }
    }
    const holders = this.cached.length;
    this.cached = [];
    for (let holder = 0; holder < holders; holder += 1) this.fetch((replica + holder) % replicaCount);
    if (!this.database.some((key) => stateOf(key) === 'next')) throw new Error('no next key');
  }

  check(): void {
    // Plain comparisons, because a hundred thousand calls of expect would take longer than everything else.
    const count = (state: KeyState) => this.database.filter((key) => stateOf(key) === state).length;
    if (count('active') !== 1) throw new Error(`${count('active')} active keys`);
    if (count('next') > 1) throw new Error(`${count('next')} next keys`);
    this.tokens = this.tokens.filter(({ expiresAt }) => expiresAt > this.now);
    this.cached = this.cached.filter(({ until }) => until > this.now);
    const sets = [
      ...this.cached.map(({ kids }) => kids),
      ...this.seen.map((_, replica) => this.publish(replica)),
    ];
    for (const kid of this.revoked) {
      if (sets.some((kids) => kids.has(kid))) throw new Error(`${kid} was revoked, and somebody has it`);
    }
    for (const kid of new Set(this.tokens.map((token) => token.kid))) {
      if (!sets.every((kids) => kids.has(kid)))
        throw new Error(`somebody who may meet a token of ${kid} lacks the key`);
    }
  }

  private rotate(replica: number, commanded: boolean): void {
    const now = this.clock(replica);
    const { actions } = planRotation({ keys: this.database, now, policy: this.policy, commanded });
    this.carryOut(actions, now);
  }

  private carryOut(actions: readonly KeyAction[], now: number): void {
    const change = (kid: string, times: (key: KeyTimes) => Partial<KeyTimes>) => {
      this.database = this.database.map((key) => (key.kid === kid ? { ...key, ...times(key) } : key));
    };
    for (const action of actions) {
      if (action.type === 'publish' || action.type === 'bootstrap') {
        const activatedAt = action.type === 'bootstrap' ? now : null;
        this.made += 1;
        const key = { kid: `k${this.made}`, publishedAt: now, activatedAt, retiredAt: null, removedAt: null };
        this.database = [...this.database, key];
      } else if (action.type === 'activate') {
        this.activations += 1;
        const active = this.database.find((key) => stateOf(key) === 'active');
        if (active) change(active.kid, () => ({ retiredAt: now }));
        change(action.kid, () => ({ activatedAt: now }));
      } else if (action.type === 'revoke') {
        const retiredAt = (key: KeyTimes) => (key.activatedAt === null ? null : (key.retiredAt ?? now));
        change(action.kid, (key) => ({ removedAt: now, retiredAt: retiredAt(key) }));
      } else {
        change(action.kid, () => ({ removedAt: now }));
      }
    }
  }
}

const replica = fc.nat({ max: replicaCount - 1 });
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('pass' as const),
      share: fc.double({ min: 0, max: 2, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('days' as const), days: fc.nat({ max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('rotate' as const), replica }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('fetch' as const), replica }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('sign' as const), replica }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('look' as const), replica }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('revoke' as const),
      replica,
      key: fc.nat({ max: 20 }),
      readers: fc.array(fc.boolean(), { minLength: replicaCount, maxLength: replicaCount }),
    }),
  },
);
const policy = fc.record({
  jwksMaxAgeSeconds: fc.integer({ min: 1, max: 300 }),
  skewSeconds: fc.integer({ min: 1, max: 60 }),
  tokenSeconds: fc.integer({ min: 5, max: 300 }),
  rotationDays: fc.integer({ min: 1, max: 3 }),
});
const clockOffsets = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
  minLength: replicaCount,
  maxLength: replicaCount,
});

test('in any order of events: one key signs, every verifier of its tokens has it, and none has a revoked one', () => {
  let activations = 0;
  let revocations = 0;
  fc.assert(
    fc.property(
      policy,
      clockOffsets,
      fc.array(command, { minLength: 30, maxLength: 90, size: 'max' }),
      (rules, offsets, commands) => {
        const house = new House(rules, offsets);
        house.check();
        for (const step of commands) {
          if (step.type === 'pass')
            house.pass((rules.jwksMaxAgeSeconds + rules.skewSeconds) * second * step.share);
          else if (step.type === 'days') house.pass(step.days * day);
          else if (step.type === 'rotate') house.look(step.replica, { rotate: true, commanded: true });
          else if (step.type === 'fetch') house.fetch(step.replica);
          else if (step.type === 'sign') house.sign(step.replica);
          else if (step.type === 'revoke') house.revoke(step.replica, step);
          else house.look(step.replica, { rotate: false });
          house.check();
        }
        activations += house.activations;
        revocations += house.revoked.size;
      },
    ),
    { numRuns: 1500 },
  );
  // A run without a rotation or a revocation would prove nothing.
  expect(activations).toBeGreaterThan(1500);
  expect(revocations).toBeGreaterThan(1500);
});
