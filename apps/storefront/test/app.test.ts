import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { builtPage, host, script, settings, storefront } from './storefront-fixture.ts';

test('the page comes with its configuration as data, and is asked for anew each time', async () => {
  const app = await storefront();
  const { statusCode, headers, body } = await app.inject({ url: '/', headers: host });
  expect(statusCode).toBe(200);
  expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
  const [, data = ''] = /<script type="application\/json" id="page-config">(.*?)<\/script>/.exec(body) ?? [];
  expect(JSON.parse(data)).toEqual({
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

// To a browser, a dot at the end of the name makes it another origin.
test.each(['127.0.0.1:3000', 'localhost', 'localhost.:3000', 'localhost:3000/x', 'a@localhost:3000', ''])(
  'a browser that opens it at %j is redirected to the host that the services know',
  async (other) => {
    const app = await storefront();
    const answer = await app.inject({ url: '/', headers: { host: other } });
    expect(answer.statusCode).toBe(307);
    expect(answer.headers['location']).toBe('http://localhost:3000/');
  },
);

test('behind proxies that each add a host, it is enough that one of them is its own', async () => {
  const app = await storefront({ STOREFRONT_ORIGIN: 'https://shop.example', TRUSTED_PROXIES: '127.0.0.1' });
  const statusOf = async (forwarded: string, remoteAddress = '127.0.0.1') => {
    const headers = { host: 'inner:3000', 'x-forwarded-host': forwarded };
    return (await app.inject({ url: '/', headers, remoteAddress })).statusCode;
  };
  expect(await statusOf('shop.example, inner.example')).toBe(200);
  expect(await statusOf('alias.example, inner.example')).toBe(307);
  expect(await statusOf('shop.example', '192.0.2.9')).toBe(307);
});

test('it says once that a forwarded host is not its own, which redirects browsers for ever', async () => {
  let log = '';
  const app = await buildApp({
    config: readConfig({ ...settings, LOG_LEVEL: 'warn', TRUSTED_PROXIES: '127.0.0.1' }),
    pageDirectory: builtPage(),
    logDestination: { write: (line) => (log += line) },
  });
  onTestFinished(() => app.close());
  const headers = { 'x-forwarded-for': '192.0.2.1' };
  await app.inject({ url: '/', headers });
  expect(log).toBe('');
  for (let turn = 0; turn < 2; turn += 1)
    await app.inject({ url: '/', headers: { ...headers, 'x-forwarded-host': 'inner.example' } });
  expect(log.match(/"forwarded_host":"inner.example".*STOREFRONT_ORIGIN/g)).toHaveLength(1);
});

test.each([
  ['https://shop.example', 'SHOP.example'],
  ['https://shop.example', 'shop.example:443'],
  ['http://shop.example', 'shop.example:80'],
  ['http://[2001:db8::1]:3000', '[2001:DB8:0::1]:3000'],
])('the host of %s may also be written %s', async (origin, other) => {
  const app = await storefront({ STOREFRONT_ORIGIN: origin });
  expect((await app.inject({ url: '/', headers: { host: other } })).statusCode).toBe(200);
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
