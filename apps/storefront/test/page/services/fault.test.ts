import { SessionError } from '@latchkey/auth-browser';
import { describe, expect, it } from 'vitest';
import { shopMessages as en } from '../../../page/i18n/en/shop.ts';
import { shopMessages as ko } from '../../../page/i18n/ko/shop.ts';
import { faultOf } from '../../../page/services/fault.ts';
import { errorFrom, isRefusedForGood, isSilent, noAnswer } from '../../../page/services/service-error.ts';

type Problem = { status: number; code: string; [member: string]: unknown };

function answer({ status, ...members }: Problem, headers: Record<string, string> = {}) {
  const body = JSON.stringify({ status, instance: 'request-1', ...members });
  return errorFrom('payment-service', new Response(body, { status, headers }));
}

describe('what an error means', () => {
  it('a permission is missing: those that the token has not', async () => {
    const challenge = 'Bearer realm="x", error="insufficient_scope", scope="wishlist:write cart:write"';
    const error = await answer(
      { status: 403, code: 'insufficient_scope' },
      { 'www-authenticate': challenge },
    );
    expect(faultOf(error, ['wishlist:write'])).toEqual({
      kind: 'missing_permission',
      service: 'payment-service',
      scopes: ['cart:write'],
      requestId: 'request-1',
    });
    // The token may be older than what the page knows of its session.
    expect(faultOf(error, ['wishlist:write', 'cart:write'])).toMatchObject({
      scopes: ['wishlist:write', 'cart:write'],
    });
  });

  it('cookies of other apps are too large: it is refused, and both languages say what to do', () => {
    const code = 'request_header_fields_too_large';
    const fault = faultOf(new SessionError(code, 'The headers …', { status: 431 }), []);
    expect(fault).toMatchObject({ kind: 'refused', code });
    expect(en.refusals[code]).toMatch(/Delete this host’s cookies/);
    expect(ko.refusals[code]).toMatch(/쿠키를 지우고/);
  });

  it.each([
    'access_denied',
    'login_required',
    'sign_in_lost',
    'storage_blocked',
    'insecure_context',
    'invalid_code',
  ])('a sign-in at auth-service’s page failed (%s): it is refused, and both languages say why', (code) => {
    const status = code === 'invalid_code' ? 400 : null;
    expect(faultOf(new SessionError(code, 'Why.', { status }), [])).toMatchObject({ kind: 'refused', code });
    expect(en.refusals).toHaveProperty(code);
    expect(ko.refusals).toHaveProperty(code);
  });

  it('a wrong password before a change of the account: it is refused, and the session goes on', async () => {
    const error = await answer({ status: 401, code: 'invalid_credentials' });
    expect(faultOf(error, [])).toMatchObject({ kind: 'refused', code: 'invalid_credentials' });
  });

  it('the sign-in is too old', async () => {
    const challenge = 'Bearer realm="x", error="insufficient_user_authentication", max_age="300"';
    const error = await answer(
      { status: 401, code: 'insufficient_user_authentication' },
      { 'www-authenticate': challenge },
    );
    expect(faultOf(error, [])).toMatchObject({ kind: 'sign_in_too_old', maxAgeSeconds: 300 });
  });

  it('the session has ended, and why', async () => {
    const error = await answer({ status: 401, code: 'invalid_token', reason: 'displaced' });
    expect(faultOf(error, [])).toMatchObject({ kind: 'session_ended', reason: 'displaced' });
    const told = new SessionError('signed_out', 'Nobody is signed in.', { reason: 'reuse' });
    expect(faultOf(told, [])).toMatchObject({ kind: 'session_ended', reason: 'reuse' });
  });

  it('the service behind the one that was asked is down', async () => {
    const error = await answer({ status: 503, code: 'hop_unavailable', hop: 'cart-service' });
    expect(faultOf(error, [])).toEqual({
      kind: 'service_down',
      service: 'cart-service',
      askedBy: 'payment-service',
      requestId: 'request-1',
    });
  });

  it('the service that was asked is down', async () => {
    const silent = noAnswer('cart-service', new TypeError('Failed to fetch'));
    expect(faultOf(silent, [])).toMatchObject({
      kind: 'service_down',
      service: 'cart-service',
      askedBy: null,
    });
    const error = await answer({ status: 503, code: 'database_unavailable' });
    expect(faultOf(error, [])).toMatchObject({ kind: 'service_down', service: 'payment-service' });
  });

  it('auth-service is down when a token has to be renewed', () => {
    const error = new SessionError('unreachable', 'no answer');
    expect(faultOf(error, [])).toMatchObject({ kind: 'service_down', service: 'auth-service' });
  });

  it('there were too many attempts, and how long to wait', async () => {
    const error = await answer({ status: 429, code: 'too_many_attempts' }, { 'retry-after': '42' });
    expect(faultOf(error, [])).toMatchObject({ kind: 'rate_limited', seconds: 42 });
    const atSignIn = new SessionError('too_many_attempts', 'x', { status: 429, retryAfterSeconds: 7 });
    expect(faultOf(atSignIn, [])).toMatchObject({ kind: 'rate_limited', seconds: 7 });
  });

  it('it was refused, with the service’s own word', async () => {
    const error = await answer({
      status: 409,
      code: 'cart_changed',
      detail: 'The cart costs something else.',
    });
    expect(faultOf(error, [])).toMatchObject({ kind: 'refused', code: 'cart_changed' });
    const stale = await answer({ status: 503, code: 'revocations_stale' });
    expect(faultOf(stale, [])).toMatchObject({ kind: 'refused', code: 'revocations_stale' });
  });

  it('it is unforeseen: its text is not shown', async () => {
    expect(faultOf(new TypeError('x is not a function'), [])).toEqual({
      kind: 'unexpected',
      service: null,
      status: null,
      requestId: null,
    });
    const error = await answer({ status: 500, code: 'internal_server_error' });
    expect(faultOf(error, [])).toMatchObject({ kind: 'unexpected', service: 'payment-service', status: 500 });
  });

  it('an answer that is no problem document is described by its status', async () => {
    const page = new Response('<h1>Bad gateway</h1>', {
      status: 502,
      headers: { 'x-request-id': 'request-2' },
    });
    expect(faultOf(await errorFrom('cart-service', page), [])).toEqual({
      kind: 'service_down',
      service: 'cart-service',
      askedBy: null,
      requestId: 'request-2',
    });
  });
});

describe('whether a request was refused for good', () => {
  it.each([
    [409, 'cart_changed', true],
    [422, 'invalid_card', true],
    [403, 'insufficient_scope', true],
    [401, 'insufficient_user_authentication', false],
    [429, 'too_many_requests', false],
    [409, 'checkout_in_progress', false],
    [409, 'request_in_progress', false],
    [503, 'hop_unavailable', false],
    [500, 'internal_server_error', false],
  ])('%i %s: %s', async (status, code, expected) => {
    expect(isRefusedForGood(await answer({ status, code }))).toBe(expected);
  });

  it('never without an answer', () => {
    expect(isRefusedForGood(noAnswer('cart-service', undefined))).toBe(false);
    expect(isRefusedForGood(new TypeError('Failed to fetch'))).toBe(false);
  });
});

describe('which service did not answer', () => {
  const silent = new SessionError('network_error', 'No answer.', { origin: 'https://example.com' });

  it.each(['https://example.com', 'https://example.com/auth'])('is told by its origin: %s', (url) => {
    expect(isSilent(url, silent)).toBe(true);
  });

  it('is not the one that was never asked, since the token could not be renewed', () => {
    expect(isSilent('https://cart.example.com', silent)).toBe(false);
    expect(isSilent('https://example.com', new SessionError('network_error', 'No answer.'))).toBe(false);
    expect(isSilent('https://example.com', new Error('No answer.'))).toBe(false);
  });
});
