import { describe, expect, it } from 'vitest';
import { compose, container, exec, get, signIn, urls } from '../system.ts';

/** A request that Node.js makes inside a container. */
async function fetchWithin(service: string, url: string): Promise<{ status: number; body: unknown }> {
  const script = `fetch('${url}').then(async (r) => console.log(JSON.stringify({ status: r.status, body: await r.json() })))`;
  return JSON.parse(await exec(await container(service), 'node', '--eval', script));
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

describe('the issuer’s public address', () => {
  it('is what tokens and metadata name, and it answers on the host', async () => {
    const { access_token: token } = await signIn();
    expect(claimsOf(token)['iss']).toBe(urls.auth);
    const metadata = (await get(`${urls.auth}/.well-known/oauth-authorization-server`)).body as {
      issuer: string;
      jwks_uri: string;
    };
    expect(metadata.issuer).toBe(urls.auth);
    const keys = (await get(metadata.jwks_uri)).body as { keys: unknown[] };
    expect(keys.keys.length).toBeGreaterThan(0);
  });

  it('answers inside a container that shares the front’s network', async () => {
    const { status, body } = await fetchWithin(
      'front',
      `${urls.auth}/.well-known/oauth-authorization-server`,
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ issuer: urls.auth });
  });

  it('means something else inside any other container', async () => {
    await expect(fetchWithin('cart-service', `${urls.auth}/live`)).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('the internal address of the keys', () => {
  const internal = 'http://auth-service:4000/.well-known/jwks.json';

  it('is what the services are configured with, and it answers inside a container', async () => {
    const { Config } = await container('cart-service');
    expect(Config.Env).toContain(`JWKS_URI=${internal}`);
    expect(Config.Env).toContain(`ISSUER=${urls.auth}`);
    const { status, body } = await fetchWithin('cart-service', internal);
    expect(status).toBe(200);
    expect(body).toEqual((await get(`${urls.auth}/.well-known/jwks.json`)).body);
  });

  it('does not answer on the host', async () => {
    await expect(fetch(internal)).rejects.toThrow();
  });
});

describe('ports', () => {
  it('can be changed by environment alone: the test runs on others than the default ones', async () => {
    expect(await compose('port', 'front', new URL(urls.cart).port)).toContain(
      `127.0.0.1:${new URL(urls.cart).port}`,
    );
  });
});
