import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { refresh, type Tokens, whoAmI } from '../support/auth-app.ts';
import { expectAnswered, startTokenRevocation } from './token-revocation-fixture.ts';

const auth = await forThisFile(startTokenRevocation());

describe('answered the same, and without any effect:', () => {
  const changed = (token: string) => `${token.slice(0, -10)}AAAAAAAAAA`;

  test.each<[string, (own: Tokens) => Record<string, string> | Promise<Record<string, string>>]>([
    ['another client’s refresh token', ({ refresh_token: token }) => ({ client_id: 'storefront', token })],
    ['another client’s access token', ({ access_token: token }) => ({ client_id: 'storefront', token })],
    [
      'a service’s try at a person’s refresh token',
      ({ refresh_token: token }) => ({ ...auth.services.credentials('payment-service'), token }),
    ],
    [
      'a refresh token with a changed MAC',
      ({ refresh_token: token }) => ({ client_id: 'latchkey-cli', token: changed(token) }),
    ],
    [
      'an access token with a changed signature',
      ({ access_token: token }) => ({ client_id: 'latchkey-cli', token: changed(token) }),
    ],
    ['any text', () => ({ client_id: 'latchkey-cli', token: 'x' })],
    ['spaces and line feeds', () => ({ client_id: 'latchkey-cli', token: ' \r\n' })],
    ['a text of 60,000 characters', () => ({ client_id: 'latchkey-cli', token: 'x'.repeat(60_000) })],
    [
      'a JWT of somebody else that says nothing of its type',
      () => ({ client_id: 'latchkey-cli', token: `${Buffer.from('{}').toString('base64url')}.e30.AAAA` }),
    ],
  ])('%s', async (_what, parameters) => {
    const own = await auth.session();
    expectAnswered(await auth.revoke(await parameters(own)));
    expect((await whoAmI(auth.app, own.access_token)).statusCode).toBe(200);
    expect((await refresh(auth.app, own.refresh_token)).statusCode).toBe(200);
  });
});

describe('refused', () => {
  const typed = (typ: string) =>
    `${Buffer.from(JSON.stringify({ alg: 'RS256', typ })).toString('base64url')}.e30.AAAA`;
  const secret = `Basic ${Buffer.from('payment-service:hunter2').toString('base64')}`;

  test.each<[string, () => Record<string, string>, Record<string, string>, number, string]>([
    ['no client', () => ({ token: 'x' }), {}, 401, 'invalid_client'],
    ['an unknown client', () => ({ client_id: 'nobody', token: 'x' }), {}, 401, 'invalid_client'],
    [
      'a service without proof',
      () => ({ client_id: 'payment-service', token: 'x' }),
      {},
      401,
      'invalid_client',
    ],
    [
      'a service with the proof of another',
      () => ({ ...auth.services.credentials('cart-service'), client_id: 'payment-service', token: 'x' }),
      {},
      401,
      'invalid_client',
    ],
    [
      'a secret',
      () => ({ client_id: 'payment-service', token: 'x' }),
      { authorization: secret },
      401,
      'invalid_client',
    ],
    ['no token', () => ({ client_id: 'latchkey-cli' }), {}, 400, 'invalid_request'],
    ['an empty token', () => ({ client_id: 'latchkey-cli', token: '' }), {}, 400, 'invalid_request'],
    [
      'a security event',
      () => ({ client_id: 'latchkey-cli', token: typed('secevent+jwt') }),
      {},
      400,
      'unsupported_token_type',
    ],
    [
      'an ID token',
      () => ({ client_id: 'latchkey-cli', token: typed('JWT') }),
      {},
      400,
      'unsupported_token_type',
    ],
    [
      'JSON',
      () => ({ client_id: 'latchkey-cli', token: 'x' }),
      { 'content-type': 'application/json' },
      400,
      'invalid_request',
    ],
  ])('%s', async (_what, parameters, headers, status, error) => {
    const answer = await auth.revoke(parameters(), headers);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toEqual({ error, error_description: expect.any(String) });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['www-authenticate'] !== undefined).toBe('authorization' in headers);
  });

  test('a repeated token parameter', async () => {
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/revoke',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'client_id=latchkey-cli&token=a&token=b',
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toBe('invalid_request');
  });

  test.each<[string, Record<string, unknown>, number]>([
    ['a body of 2 MB', { payload: `client_id=latchkey-cli&token=${'x'.repeat(2_000_000)}` }, 413],
    ['XML', { payload: '<token/>', headers: { 'content-type': 'application/xml' } }, 400],
    ['no body', {}, 400],
    ['GET', { method: 'GET' }, 405],
  ])('%s', async (_what, request, status) => {
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/revoke',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      ...request,
    });
    expect(answer.statusCode).toBe(status);
  });
});
