import { authClient } from '@latchkey/auth-client';
import { proxyPrograms, startHaproxy, startNginx, type TestProxy } from '@latchkey/dev-stack/testing';
import { createService } from '@latchkey/service-kit';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bearer } from '../../support/auth-app.ts';
import { type FeedFixture, signedIn, signOut, startFeed } from './fixture.ts';
import type { FeedReader } from './reader.ts';

/** Skipped where the programs are missing: apt-get install nginx-light haproxy. */
const ifNginx = describe.skipIf(proxyPrograms.nginx === undefined);
const ifHaproxy = describe.skipIf(proxyPrograms.haproxy === undefined);

let feed: FeedFixture;
beforeAll(async () => {
  // So rare that a proxy that buffers 4 KB would let nothing through.
  feed = await startFeed({ env: { REVOCATION_HEARTBEAT_MS: '5000' } });
});
afterAll(() => feed.stop());

async function proxied(starting: Promise<TestProxy>): Promise<string> {
  const proxy = await starting;
  onTestFinished(() => proxy.stop());
  return proxy.url;
}

/** Follows the feed through each proxy. The first events must arrive, and a sign-out as it happens. */
async function followedBy(proxies: Readonly<Record<string, Promise<TestProxy>>>): Promise<void> {
  const readers = await Promise.all(
    Object.entries(proxies).map(async ([name, starting]) => {
      const url = await proxied(starting);
      const reader = await within(name, feed.open({ url }));
      onTestFinished(() => reader.close());
      await reader.until(({ events }) => events.length >= 2, `${name}: a snapshot and a heartbeat`);
      return { name, reader };
    }),
  );
  const onEach = (what: string, isSo: (reader: FeedReader) => boolean) =>
    Promise.all(readers.map(({ name, reader }) => reader.until(isSo, `${name}: ${what}`)));
  const { token } = await signedIn(feed.app);
  await signOut(feed.app, token);
  await onEach('a sign-out', (now) => now.ofType('session-revoked').length > 0);
  for (const { name, reader } of readers)
    expect([name, reader.ended, reader.faults]).toEqual([name, undefined, []]);
}

/** Times out, because the response head may never arrive. */
function within(name: string, reader: Promise<FeedReader>): Promise<FeedReader> {
  return eventually(`${name}: the answer begins`, () => reader);
}

async function encodingOf(url: string): Promise<string | null> {
  const headers = { ...bearer(await feed.token()), 'accept-encoding': 'gzip' };
  const answer = await fetch(`${url}/revocations`, { headers });
  await answer.body?.cancel();
  return answer.headers.get('content-encoding');
}

ifNginx('behind nginx', () => {
  test('the feed arrives as it is sent', async () => {
    const nginx = (options: { http?: string; location?: string }) =>
      startNginx({ upstream: feed.url, ...options });
    await followedBy({
      'as it comes, by HTTP/1.0': nginx({}),
      'by HTTP/1.1': nginx({ location: 'proxy_http_version 1.1; proxy_set_header Connection "";' }),
      'that compresses everything': nginx({ http: 'gzip on; gzip_types *; gzip_proxied any;' }),
    });
  });

  test('that buffers the feed, a service says in its log and on /ready what is wrong', async () => {
    const ignoring = 'proxy_ignore_headers X-Accel-Buffering; proxy_buffers 8 64k; proxy_buffer_size 64k;';
    const url = await proxied(startNginx({ upstream: feed.url, location: ignoring }));
    const lines: string[] = [];
    const app = await createService({
      name: 'payment-service',
      title: 'Test',
      description: 'A service for tests.',
      logLevel: 'info',
      corsOrigins: [],
      trustedProxies: [],
      logDestination: { write: (line: string) => void lines.push(line) },
    });
    onTestFinished(() => app.close());
    let aheadMs = 0;
    await app.register(authClient, {
      issuer: 'http://localhost:4000',
      audience: 'payment-service',
      jwksUri: `${feed.url}/.well-known/jwks.json`,
      revocations: { uri: `${url}/revocations`, accessToken: () => feed.token() },
      clock: { wallMs: Date.now, monotonicMs: () => performance.now() + aheadMs },
    });
    app.addReadinessCheck('keys and revocations', () => app.authClient.ready());
    await eventually('the feed is taken to be lost', () =>
      expect(lines.join('')).toContain('the feed of revocations cannot be followed'),
    );
    aheadMs = 12_000;
    await eventually('the service says what is wrong', async () => {
      const answer = await app.inject('/ready');
      expect(answer.json()).toMatchObject({
        status: 503,
        failing: ['keys and revocations'],
        reasons: { 'keys and revocations': expect.stringMatching(/buffers the answer .*docs\/proxies\.md/) },
      });
    });
    expect(app.authClient.revocations?.isSilent).toBe(true);
    expect(
      lines.filter((line) => /"warn".*buffers the answer/.test(line) && !line.includes('"check"')),
    ).toHaveLength(1);
  });
});

ifHaproxy('behind HAProxy', () => {
  test('the feed arrives as it is sent', async () => {
    const haproxy = (...backend: string[]) => startHaproxy({ upstream: feed.url, backend });
    await followedBy({
      'as it comes': haproxy(),
      'that passes on at once': haproxy('option http-no-delay'),
      'that compresses': haproxy('compression algo gzip', 'compression type text/event-stream'),
    });
  });

  test('that compresses, it stays uncompressed', async () => {
    const backend = ['compression algo gzip', 'compression type text/event-stream application/json'];
    const url = await proxied(startHaproxy({ upstream: feed.url, backend }));
    expect(await encodingOf(url)).toBeNull();
  });
});
