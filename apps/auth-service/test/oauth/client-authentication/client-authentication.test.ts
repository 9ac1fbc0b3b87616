import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createSigningKey, type SigningKey } from '@latchkey/auth-client/testing';
import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { postToken, startAuthApp } from '../../support/auth-app.ts';
import { jwtBearer } from '../../support/services.ts';
import { presenting, seconds, startWithAssertions } from './assertion-fixture.ts';

const auth = await forThisFile(startWithAssertions());

const good = (changes = {}) => auth.services.assertion('payment-service', changes);
const withClaims = (claims: Record<string, unknown>) => good({ claims });

describe('refused with invalid_client, in the same words', () => {
  test('an assertion that was used, also at the other grants', async () => {
    const parameters = presenting(good());
    expect((await auth.authenticate(parameters)).statusCode).toBe(200);
    for (const grant of [
      'client_credentials',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ]) {
      expect((await auth.authenticate({ ...parameters, grant_type: grant })).statusCode).toBe(401);
    }
  });

  test('the same jti in another assertion', async () => {
    const jti = randomUUID();
    expect((await auth.authenticate(presenting(withClaims({ jti })))).statusCode).toBe(200);
    expect((await auth.authenticate(presenting(withClaims({ jti, exp: seconds() + 50 })))).statusCode).toBe(
      401,
    );
  });

  test('but not the same jti of another service', async () => {
    const jti = randomUUID();
    for (const name of ['payment-service', 'wishlist-service']) {
      const client_assertion = auth.services.assertion(name, { claims: { jti } });
      const answer = await auth.authenticate({
        client_id: name,
        client_assertion_type: jwtBearer,
        client_assertion,
      });
      expect(answer.statusCode).toBe(200);
    }
  });

  test('a refused assertion uses no jti up', async () => {
    const jti = randomUUID();
    expect(
      (await auth.authenticate(presenting(good({ key: auth.stranger, claims: { jti } })))).statusCode,
    ).toBe(401);
    expect(
      (await auth.authenticate(presenting(withClaims({ jti, aud: 'https://other.example' })))).statusCode,
    ).toBe(401);
    expect((await auth.authenticate(presenting(withClaims({ jti })))).statusCode).toBe(200);
  });

  test('HTTP Basic, with the challenge that RFC 6749 §5.2 wants', async () => {
    const authorization = `Basic ${Buffer.from('payment-service:hunter2').toString('base64')}`;
    const answer = await auth.authenticate({ client_id: 'payment-service' }, { authorization });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="auth-service"');
  });

  test('a repeated assertion parameter is a bad request (RFC 6749 §3.2)', async () => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...presenting(good()) });
    body.append('client_assertion', good());
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: body.toString(),
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toBe('invalid_request');
  });
});

test('a service cannot refresh, nor sign people in', async () => {
  const refresh = { grant_type: 'refresh_token', refresh_token: 'x', ...presenting(good()) };
  expect((await postToken(auth.app, refresh)).json().error).toBe('unauthorized_client');
  const signIn = await auth.app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'payment-service', username: 'a', password: 'b' },
  });
  expect(signIn.statusCode).toBe(400);
  expect(signIn.json().code).toBe('unknown_client');
});

describe('keys', () => {
  test('a new key works as soon as it is published, and an old one until it no longer is', async () => {
    const old = auth.services.key('wishlist-service');
    const fresh = await createSigningKey();
    const by = (key: SigningKey) =>
      auth.authenticate({
        client_id: 'wishlist-service',
        client_assertion_type: jwtBearer,
        client_assertion: auth.services.assertion('wishlist-service', { key }),
      });
    expect((await by(old)).statusCode).toBe(200);
    await delay(1100);
    auth.services.publish('wishlist-service', [fresh, old]);
    expect((await by(fresh)).statusCode).toBe(200);
    expect((await by(old)).statusCode).toBe(200);
  });

  test('unknown kids cause one fetch a second', async () => {
    await delay(1100);
    const before = auth.services.requests('payment-service');
    const began = performance.now();
    await Promise.all(
      Array.from({ length: 50 }, () => auth.authenticate(presenting(good({ key: auth.stranger })))),
    );
    const fetches = auth.services.requests('payment-service') - before;
    const wholeSeconds = Math.floor((performance.now() - began) / 1000);
    expect(fetches).toBeGreaterThanOrEqual(1);
    expect(fetches).toBeLessThanOrEqual(1 + wholeSeconds);
  });
});

describe('the audit log', () => {
  test('says who failed and why, once a minute for each reason, and the metrics how often', async () => {
    const failing = await startAuthApp({ env: { SERVICE_JWKS_URIS: auth.services.jwksUris } });
    try {
      for (let attempt = 0; attempt < 5; attempt++) {
        await postToken(failing.app, { grant_type: 'client_credentials', client_id: 'payment-service' });
      }
      const lines = failing
        .logs()
        .split('\n')
        .filter((line) => line.includes('"audit client.authentication_failed"'));
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '').audit).toMatchObject({
        event: 'client.authentication_failed',
        clientId: 'payment-service',
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        details: { reason: 'no_assertion' },
      });
      const metrics = (await failing.app.inject({ url: '/metrics' })).body;
      expect(metrics).toContain(
        'client_authentication_failures_total{client="payment-service",reason="no_assertion"} 5',
      );
    } finally {
      await failing.stop();
    }
  });
});

describe('an assertion that cannot be judged now is 503, and says nothing about the client', () => {
  test('its keys cannot be fetched', async () => {
    const cut = await startAuthApp({ env: { SERVICE_JWKS_URIS: auth.services.jwksUris } });
    auth.services.setDown(true);
    try {
      const ask = () => postToken(cut.app, { grant_type: 'client_credentials', ...presenting(good()) });
      const answer = await ask();
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.json()).toMatchObject({ code: 'client_keys_unavailable' });
      auth.services.setDown(false);
      await delay(1100);
      expect((await ask()).statusCode).toBe(200);
    } finally {
      auth.services.setDown(false);
      await cut.stop();
    }
  });

  test('Redis does not answer: no assertion is accepted without a record of its use', async () => {
    const cut = await startAuthApp({ env: { SERVICE_JWKS_URIS: auth.services.jwksUris } });
    try {
      await cut.redis.kill();
      const answer = await postToken(cut.app, { grant_type: 'client_credentials', ...presenting(good()) });
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBeDefined();
    } finally {
      await cut.stop();
    }
  });
});
