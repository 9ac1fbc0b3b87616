import { describe, expect, it } from 'vitest';
import { checkNamed } from '../../../page/demo/inspector/checks.ts';
import { decisionOfEntry, decisionOfHop } from '../../../page/demo/inspector/decision-rules.ts';
import type { Problem } from '../../../page/traffic/traffic.ts';
import { tokenAttributes } from '../../../src/demo/api.ts';
import { pageAnswer, pageRequest, shownSpan } from '../traffic/requests.ts';

const said = (code: string, reason: string | null = null): Problem => ({ code, reason, detail: null });

function decided(status: number, problem: Problem | null = null, refusedBy?: string) {
  const attributes = refusedBy === undefined ? {} : { [tokenAttributes.refusedBy]: refusedBy };
  const spans = refusedBy === undefined ? [] : [shownSpan({ status, attributes })];
  return decisionOfEntry({ request: pageRequest(), answer: pageAnswer(status, { problem }), spans });
}

describe('which check decided', () => {
  it.each([
    ['signature', 'signature'],
    ['unknown kid', 'signature'],
    ['alg', 'form'],
    ['aud', 'audience'],
    ['expired', 'times'],
    ['revoked: sign_out', 'revoked'],
    ['cnf: bound to a key, sent as Bearer', 'possession'],
    ['proof: another key', 'possession'],
  ])('a service’s own word %j means the step %s', (refusedBy, check) => {
    expect(decided(401, said('invalid_token'), refusedBy)).toMatchObject({
      kind: 'refused',
      check,
      refusedBy,
    });
  });

  it('follows from the code in the answer', () => {
    expect(decided(403, said('insufficient_scope'))).toMatchObject({ kind: 'refused', check: 'scope' });
    expect(decided(401, said('insufficient_user_authentication'))).toMatchObject({ check: 'recent_sign_in' });
    expect(decided(503, said('revocations_stale'))).toMatchObject({ kind: 'refused', check: 'freshness' });
  });

  it('is unknown for a bad token until the span has arrived, unless it was revoked', () => {
    expect(decided(401, said('invalid_token'))).toMatchObject({ kind: 'refused', check: null });
    expect(decided(401, said('invalid_token', 'sign_out'))).toMatchObject({
      check: 'revoked',
      reason: 'sign_out',
    });
  });

  it('is none where the service asks for a nonce, which is no refusal', () => {
    expect(decided(401, said('use_dpop_nonce'))).toEqual({ kind: 'again' });
    expect(decided(401, said('use_dpop_nonce'), 'use_dpop_nonce')).toEqual({ kind: 'again' });
    const attributes = { [tokenAttributes.refusedBy]: 'use_dpop_nonce' };
    expect(decisionOfHop(shownSpan({ status: 401, attributes }))).toEqual({ kind: 'again' });
  });

  it('tells the reason of a revocation alone, as other checks have none', () => {
    expect(decided(401, said('invalid_token'), 'revoked: sign_out')).toMatchObject({ reason: 'sign_out' });
    expect(decided(401, said('invalid_token'), 'cnf: bound to a key, sent as Bearer')).toMatchObject({
      reason: null,
    });
  });

  it('is none where the token passed', () => {
    expect(decided(200)).toEqual({ kind: 'passed' });
    expect(decided(409, said('cart_empty'))).toEqual({ kind: 'turned_down', code: 'cart_empty' });
    expect(decided(431, said('too_large'))).toEqual({ kind: 'unfit', code: 'too_large' });
    expect(decided(502, said('hop_failed'))).toEqual({ kind: 'failed', code: 'hop_failed' });
    expect(decided(0)).toEqual({ kind: 'unanswered' });
  });

  it('is auth-service’s own where no token came', () => {
    const request = pageRequest({ token: null });
    const answer = pageAnswer(401, { problem: said('session_ended', 'reuse') });
    const decision = { kind: 'not_signed_in', code: 'session_ended', reason: 'reuse' };
    expect(decisionOfEntry({ request, answer, spans: [] })).toEqual(decision);
    expect(decisionOfEntry({ request, answer: pageAnswer(201), spans: [] })).toEqual({ kind: 'open' });
    const taken = pageAnswer(409, { problem: said('username_taken') });
    const unfit = { kind: 'unfit', code: 'username_taken' };
    expect(decisionOfEntry({ request, answer: taken, spans: [] })).toEqual(unfit);
  });

  it('follows for a hop from its span alone', () => {
    const attributes = { [tokenAttributes.subject]: 'p-1' };
    expect(decisionOfHop(shownSpan({ attributes }))).toEqual({ kind: 'passed' });
    expect(decisionOfHop(shownSpan({ status: null }))).toEqual({ kind: 'unanswered' });
  });
});

it('knows no other words', () => {
  expect(checkNamed('weather')).toBeNull();
});
