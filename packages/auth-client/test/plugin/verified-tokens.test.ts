import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type VerifiedToken, VerifiedTokens } from '../../src/plugin/verified-tokens.ts';
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.ts';
import { createTestClock, type TestClock } from '../clock.ts';
import { audience, startService, type TestService } from '../service.ts';

describe('remembered tokens', () => {
  const add = (tokens: VerifiedTokens, token: string): void => tokens.add({ token } as VerifiedToken);

  it('are never more than the bound, and the latest half of it is always there', () => {
    const tokens = new VerifiedTokens(100);
    for (let n = 0; n < 1000; n += 1) {
      add(tokens, `token-${n}`);
      expect(tokens.size).toBeLessThanOrEqual(100);
    }
    for (let n = 951; n < 1000; n += 1)
      expect(tokens.get(`token-${n}`)).toMatchObject({ token: `token-${n}` });
    expect(tokens.get('token-899')).toBeUndefined();
  });

  it('stay as long as they are used, however many others come', () => {
    const tokens = new VerifiedTokens(100);
    add(tokens, 'used');
    for (let n = 0; n < 1000; n += 1) {
      add(tokens, `token-${n}`);
      expect(tokens.get('used')).toMatchObject({ token: 'used' });
    }
    expect(tokens.size).toBeLessThanOrEqual(100);
  });

  it('are never taken for others that are alike but for one character, wherever it is', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl';
    const tokens = new VerifiedTokens(100);
    add(tokens, token);
    for (let index = 0; index < token.length; index += 1)
      expect(tokens.get(`${token.slice(0, index)}_${token.slice(index + 1)}`)).toBeUndefined();
    for (const other of ['', 'e', token.slice(1), token.slice(-8), `${token}x`])
      expect(tokens.get(other)).toBeUndefined();
    expect(tokens.get(token)).toMatchObject({ token });
  });

  it('are found by all of their characters, also where the end, by which they are looked for, is the same', () => {
    const tokens = new VerifiedTokens(100);
    add(tokens, 'user-1.same-end');
    expect(tokens.get('user-2.same-end')).toBeUndefined();
    add(tokens, 'user-2.same-end');
    expect(tokens.get('user-2.same-end')).toMatchObject({ token: 'user-2.same-end' });
    // The cache keeps only one of them, so the other is verified again.
    expect(tokens.get('user-1.same-end')).toBeUndefined();
  });
});

describe('a token that is remembered', () => {
  let issuer: TestIssuer;
  let clock: TestClock;
  let service: TestService;

  beforeAll(async () => {
    issuer = await createTestIssuer({ audience });
  });
  afterAll(() => issuer.close());
  beforeEach(async () => {
    clock = createTestClock();
    service = await startService(issuer, { options: { clock, verifiedTokensMax: 10 } });
    await service.app.authClient.ready();
  });
  afterEach(() => service.close());

  it('is refused from the second in which it expires', async () => {
    const token = issuer.mint({ scope: 'cart:read' });
    expect((await service.cart(token)).status).toBe(200);
    clock.advance(290);
    expect((await service.cart(token)).status).toBe(200);
    clock.advance(10);
    const response = await service.cart(token);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('is refused at once when the wall clock is set past its expiry', async () => {
    const token = issuer.mint({ scope: 'cart:read' });
    expect((await service.cart(token)).status).toBe(200);
    clock.step(301);
    expect((await service.cart(token)).status).toBe(401);
  });

  it('does not come back to life when the wall clock is set back', async () => {
    const token = issuer.mint({ scope: 'cart:read' });
    expect((await service.cart(token)).status).toBe(200);
    clock.advance(301);
    expect((await service.cart(token)).status).toBe(401);
    clock.step(-200);
    expect((await service.cart(token)).status).toBe(401);
  });

  it('is not displaced by invalid tokens', async () => {
    const token = issuer.mint({ scope: 'cart:read' });
    expect((await service.cart(token)).status).toBe(200);
    const garbage = Array.from({ length: 100 }, (_, n) =>
      service.cart(`${token.slice(0, -20)}${String(n).padStart(20, 'A')}`),
    );
    expect(new Set((await Promise.all(garbage)).map(({ status }) => status))).toEqual(new Set([401]));
    expect(service.app.authClient.verifiedTokens).toBe(1);
  });

  it('is remembered whether or not its scopes sufficed, and judged anew by each route', async () => {
    const token = issuer.mint({ scope: 'cart:write' });
    expect((await service.get('/account', `Bearer ${token}`)).status).toBe(200);
    expect((await service.cart(token)).status).toBe(403);
    expect((await service.get('/account', `Bearer ${token}`)).status).toBe(200);
    expect(service.app.authClient.verifiedTokens).toBe(1);
  });
});
