import { describe, expect, it } from 'vitest';
import { type Observation, Oracle } from '../../../src/experiments/faults/oracle.ts';

const boundMs = 2000;

function oracleWithSignOutAt(atMs: number): Oracle {
  const oracle = new Oracle({ boundMs });
  oracle.signOutSent('token');
  oracle.signOutAnswered('token', atMs);
  return oracle;
}

/** A request that is sent at that time and answered a millisecond later. */
function asked(sentAtMs: number, rest: Partial<Observation> = {}): Observation {
  return { service: 'cart', token: 'token', sentAtMs, answeredAtMs: sentAtMs + 1, status: 200, ...rest };
}

describe('a token that nobody has asked to revoke', () => {
  it('is rightly accepted, and wrongly refused', () => {
    const oracle = new Oracle({ boundMs });
    expect(oracle.judge(asked(0))).toBe('ok');
    expect(oracle.judge(asked(1, { status: 401 }))).toBe('wrongly refused');
    expect(oracle.counts).toEqual({ mustBeRefused: 0, wronglyAccepted: 0, wronglyRefused: 1 });
  });

  it.each([500, 503, undefined])('gets no verdict from %s', (status) => {
    const oracle = new Oracle({ boundMs });
    expect(oracle.judge(asked(0, { status }))).toBe('unavailable');
    expect(oracle.counts.wronglyRefused).toBe(0);
  });
});

describe('a revoked token', () => {
  it('may pass until the bound, and not after it', () => {
    const oracle = oracleWithSignOutAt(1000);
    expect(oracle.judge(asked(1000))).toBe('ok');
    expect(oracle.judge(asked(3000))).toBe('ok');
    expect(oracle.judge(asked(3001))).toBe('wrongly accepted');
    expect(oracle.judge(asked(3002, { status: 401 }))).toBe('ok');
    expect(oracle.counts).toEqual({ mustBeRefused: 2, wronglyAccepted: 1, wronglyRefused: 0 });
  });

  it('may not pass at a service that has refused it, except in requests sent before', () => {
    const oracle = oracleWithSignOutAt(1000);
    expect(oracle.judge(asked(1100, { status: 401, answeredAtMs: 1200 }))).toBe('ok');
    expect(oracle.judge(asked(1150, { answeredAtMs: 1300 }))).toBe('ok');
    expect(oracle.judge(asked(1201))).toBe('wrongly accepted');
    expect(oracle.wrong).toEqual([{ service: 'cart', sentAtMs: 1201, revokedAtMs: 1000, refusedAtMs: 1200 }]);
  });

  it('may still pass at another service than the one that refused it', () => {
    const oracle = oracleWithSignOutAt(1000);
    oracle.judge(asked(1100, { status: 401 }));
    expect(oracle.judge(asked(1200, { service: 'wishlist' }))).toBe('ok');
  });

  it('is judged by the first refusal, whatever comes after it', () => {
    const oracle = oracleWithSignOutAt(1000);
    oracle.judge(asked(1100, { status: 401 }));
    oracle.judge(asked(1500, { status: 401 }));
    expect(oracle.judge(asked(1200))).toBe('wrongly accepted');
  });

  it('is not held against a service that does not answer', () => {
    expect(oracleWithSignOutAt(0).judge(asked(9000, { status: undefined }))).toBe('unavailable');
  });
});

describe('a sign-out that was not answered', () => {
  it('allows either verdict, but no service may take a refusal back', () => {
    const oracle = new Oracle({ boundMs });
    oracle.signOutSent('token');
    expect(oracle.judge(asked(60_000))).toBe('ok');
    expect(oracle.judge(asked(60_010, { status: 401 }))).toBe('ok');
    expect(oracle.judge(asked(60_020))).toBe('wrongly accepted');
    expect(oracle.counts.wronglyRefused).toBe(0);
  });
});

describe('an outage', () => {
  it('within the bound makes the bound count from the return', () => {
    const oracle = oracleWithSignOutAt(1000);
    oracle.outageBegan(2000, 'everybody');
    expect(oracle.judge(asked(9000))).toBe('ok');
    oracle.outageEnded(10_000);
    expect(oracle.judge(asked(12_000))).toBe('ok');
    expect(oracle.judge(asked(12_001))).toBe('wrongly accepted');
  });

  it('after the bound excuses nothing', () => {
    const oracle = oracleWithSignOutAt(1000);
    oracle.outageBegan(3500, 'everybody');
    expect(oracle.judge(asked(4000))).toBe('wrongly accepted');
  });

  it('of another service excuses nothing', () => {
    const oracle = oracleWithSignOutAt(1000);
    oracle.outageBegan(2000, ['somebody-else']);
    expect(oracle.judge(asked(3001))).toBe('wrongly accepted');
  });

  it('before the sign-out excuses nothing', () => {
    const oracle = new Oracle({ boundMs });
    oracle.outageBegan(0, 'everybody');
    oracle.outageEnded(500);
    oracle.signOutSent('token');
    oracle.signOutAnswered('token', 1000);
    expect(oracle.judge(asked(3001))).toBe('wrongly accepted');
  });

  it('does not excuse a service that has refused the token before', () => {
    const oracle = oracleWithSignOutAt(1000);
    oracle.judge(asked(1100, { status: 401 }));
    oracle.outageBegan(1500, 'everybody');
    expect(oracle.judge(asked(1600))).toBe('wrongly accepted');
  });
});

it('must be told of a sign-out before its answer, and of an outage before its end', () => {
  const oracle = new Oracle({ boundMs });
  expect(() => oracle.signOutAnswered('token', 0)).toThrow('was not sent');
  expect(() => oracle.outageEnded(0)).toThrow('had not begun');
});
