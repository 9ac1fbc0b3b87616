import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { host, script, settings, storefront } from './storefront-fixture.ts';

test('the page comes with its configuration as data, and is asked for anew each time', async () => {
  const app = await storefront();
  const { statusCode, headers, body } = await app.inject({ url: '/', headers: host });
  expect(statusCode).toBe(200);
  expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
  const [, data = ''] = /<script type="application\/json" id="page-config">(.*?)<\/script>/.exec(body) ?? [];
  expect(JSON.parse(data)).toEqual({
    origin: 'http://localhost:3000',
    issuer: 'http://localhost:4000',
    client_id: 'storefront',
    services: {
      auth: 'http://localhost:4000',
      cart: 'http://localhost:4001',
      wishlist: 'http://localhost:4002',
      payment: 'http://localhost:4003',
    },
    step_up: { amount: 50_000, max_age_seconds: 300 },
    sign_in: 'code',
    demo: false,
  });
});

test('of an issuer with a path the page may call every path: a policy with a path would allow that one alone', async () => {
  const app = await storefront({ ISSUER: 'http://localhost:4000/auth' });
  const { headers } = await app.inject({ url: '/', headers: host });
  expect(headers['content-security-policy']).toContain("connect-src 'self' http://localhost:4000 http");
  expect(headers['content-security-policy']).not.toContain('/auth');
});

test('the page may load its own files, call the services, and nothing else', async () => {
  const app = await storefront();
  const first = await app.inject({ url: '/', headers: host });
  const second = await app.inject({ url: '/', headers: host });
  const policy = String(first.headers['content-security-policy']);
  const [, nonce = ''] = /'nonce-([^']+)'/.exec(policy) ?? [];
  expect(policy.replace(nonce, 'NONCE')).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-NONCE'; img-src 'self'; font-src 'self'; " +
      "connect-src 'self' http://localhost:4000 http://localhost:4001 http://localhost:4002 http://localhost:4003; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
      "require-trusted-types-for 'script'; trusted-types default",
  );
  expect(first.body).toContain(`<meta property="csp-nonce" nonce="${nonce}">`);
  expect(second.body).not.toContain(nonce);
  expect(first.headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  });
});

test('a file with its hash in its name is kept for ever, and comes compressed', async () => {
  const app = await storefront();
  const url = '/assets/index-abc123.js';
  const plain = await app.inject({ url });
  expect(plain.body).toBe(script);
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(plain.headers['content-type']).toMatch(/^application\/javascript/);
  const compressed = await app.inject({ url, headers: { 'accept-encoding': 'gzip, br' } });
  expect(compressed.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' });
  expect(compressed.headers['content-type']).toMatch(/^application\/javascript/);
  expect(brotliDecompressSync(compressed.rawPayload).toString()).toBe(script);
});

test('another file is asked for again, and only if it has changed', async () => {
  const app = await storefront();
  const { headers } = await app.inject({ url: '/icon.svg' });
  expect(headers['cache-control']).toBe('no-cache');
  const again = await app.inject({ url: '/icon.svg', headers: { 'if-none-match': String(headers['etag']) } });
  expect(again.statusCode).toBe(304);
});

test.each(['/index.html', '/assets/index-abc123.js.br', '/assets/gone.js', '/../src/app.ts', '/cart'])(
  '%s is not there, and that is a problem document',
  async (url) => {
    const app = await storefront();
    const answer = await app.inject({ url });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.json()).toMatchObject({ code: 'not_found', status: 404 });
  },
);

test('it comes by whatever name a proxy asks for it: the browser may be where it belongs', async () => {
  const app = await storefront();
  const other = await app.inject({ url: '/', headers: { host: 'inner:3000', 'x-forwarded-host': 'a, b' } });
  expect(other.statusCode).toBe(200);
});

test('it is live and ready without any service', async () => {
  const app = await storefront();
  expect((await app.inject({ url: '/live' })).statusCode).toBe(200);
  expect((await app.inject({ url: '/ready' })).statusCode).toBe(200);
});

test('without a page it does not start, and says what to do', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const building = buildApp({ config: readConfig(settings), pageDirectory: directory });
  await expect(building).rejects.toThrow('the page has not been built: run pnpm build in apps/storefront');
});
