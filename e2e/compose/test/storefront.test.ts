import { randomBytes } from 'node:crypto';
import { get as httpGet } from 'node:http';
import { demoAccounts } from '@latchkey/dev-stack/demo-accounts';
import { send, signingIn } from '@latchkey/person';
import { describe, expect, it } from 'vitest';
import { container, credentialsOf, eventually, exec, storefrontUrl, urls } from '../system.ts';

/** Reads the page's stream of spans for traces with this prefix until the text fits. */
function spansUntil(prefix: string, fits: (text: string) => boolean): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const asked = httpGet(`${storefrontUrl}/demo/spans?trace_prefix=${prefix}`, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (fits(text)) resolve(text);
    });
    response.on('close', () => reject(new Error(`the stream ended early: ${text}`)));
  });
  asked.on('error', reject);
  return promise.finally(() => asked.destroy());
}

describe('the storefront', () => {
  it('serves the page, which calls the services at their published addresses', async () => {
    const response = await fetch(storefrontUrl);
    const html = await response.text();
    const [, data = ''] = /id="page-config">(.*?)<\/script>/.exec(html) ?? [];
    expect(JSON.parse(data)).toMatchObject({ issuer: urls.auth, services: urls, demo: true });
    expect(response.headers.get('content-security-policy')).toContain(`connect-src 'self' ${urls.auth}`);
    const [script = ''] = /\/assets\/[\w.-]+\.js/.exec(html) ?? [];
    const { headers, status } = await fetch(storefrontUrl + script, { headers: { 'accept-encoding': 'br' } });
    expect([status, headers.get('content-encoding')]).toEqual([200, 'br']);
  });

  it('may be called from by its own origin alone', async () => {
    const preflight = (origin: string) =>
      fetch(`${urls.cart}/cart`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization',
        },
      });
    const allowed = async (origin: string) =>
      (await preflight(origin)).headers.get('access-control-allow-origin');
    expect(await allowed(storefrontUrl)).toBe(storefrontUrl);
    expect(await allowed('http://localhost:1')).not.toBe('http://localhost:1');
  });

  it('knows the demo accounts, and can stop nothing here', async () => {
    const people = await (await fetch(`${storefrontUrl}/demo/people`)).json();
    expect(people).toEqual({ people: demoAccounts });
    expect(await (await fetch(`${storefrontUrl}/demo/failures`)).json()).toMatchObject({ available: false });
  });

  it('acts as the administrator', async () => {
    await eventually('the keys can be read', async () => {
      const answer = await fetch(`${storefrontUrl}/demo/keys`);
      expect(answer.status).toBe(200);
    });
  });

  it('shows what the services do', async () => {
    const prefix = randomBytes(8).toString('hex');
    const shown = spansUntil(prefix, (text) => text.includes('POST /sessions'));
    const traceparent = `00-${prefix}${randomBytes(8).toString('hex')}-${'1'.repeat(16)}-01`;
    await send(urls.auth, { ...signingIn(credentialsOf('customer')), headers: { traceparent } });
    expect(await shown).toContain('"service":"auth-service"');
  });

  it('has no secret', async () => {
    const { Mounts } = await container('storefront');
    expect(Mounts.map(({ Destination, RW }) => [Destination, RW])).toEqual([['/var/lib/latchkey', false]]);
  });

  it('does not start with its demo in production', async () => {
    const running = await container('storefront');
    const starting = exec(running, 'sh', '-c', 'NODE_ENV=production node src/main.ts 2>&1 || true');
    expect(await starting).toContain('DEMO is on and NODE_ENV is production');
  });
});
