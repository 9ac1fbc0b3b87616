import { connect } from 'node:net';
import { forThisFile } from '@latchkey/testing';
import { describe, expect, it } from 'vitest';
import type { AuthClientOptions } from '../../src/index.ts';
import { createProver, createTestIssuer, type ProofOverrides } from '../../src/testing/index.ts';
import { audience, startService } from '../service.ts';

const issuer = await forThisFile(createTestIssuer({ audience }));
const used = new Set<string>();
/** As with a shared store, so that no nonce comes between. */
const proofStore = { use: async (id: string) => !used.has(id) && Boolean(used.add(id)) };
const start = async (
  options: Partial<AuthClientOptions> = {},
  server: Parameters<typeof startService>[1] = {},
) => forThisFile(startService(issuer, { ...server, options: { proofStore, ...options } }));

const prover = createProver();
const token = issuer.mint({ scope: 'cart:read', claims: { cnf: { jkt: prover.thumbprint } } });

const service = await start();
const port = Number(new URL(service.url).port);
const behindProxy = await start({ url: ['https://shop.example/api', 'http://cart.internal:4001'] });

type Sent = { line?: string; host?: string; headers?: string[] };

/** Sends these bytes, and returns the status and the error code. */
async function send(to: { url: string }, { line = 'GET /cart HTTP/1.1', host, headers = [] }: Sent) {
  const { hostname, port, host: own } = new URL(to.url);
  const socket = connect(Number(port), hostname);
  const lines = [
    line,
    `Host: ${host ?? own}`,
    `Authorization: DPoP ${token}`,
    'Connection: close',
    ...headers,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
  const code = /"code":"(\w+)"/.exec(answer)?.[1] ?? /error="(\w+)"/.exec(answer)?.[1];
  return status === 200 ? 200 : `${status} ${code}`;
}

const proof = (url: string, { method = 'GET', ...overrides }: ProofOverrides & { method?: string } = {}) =>
  `DPoP: ${prover.prove({ method, url, accessToken: token }, overrides)}`;

const refused = '401 invalid_dpop_proof';

describe('the URL of a proof', () => {
  it.each<[string, string, Sent]>([
    [
      'with a query in the request, and none in the proof',
      `${service.url}/cart`,
      { line: 'GET /cart?a=1 HTTP/1.1' },
    ],
    [
      'when the target of the request is a whole URL (RFC 9112 §3.2.2)',
      `${service.url}/cart`,
      { line: `GET ${service.url}/cart?a=1 HTTP/1.1` },
    ],
    [
      'with a query of odd bytes',
      `${service.url}/cart`,
      { line: 'GET /cart?a=%E4%ff%zz&b=;&%00#x HTTP/1.1' },
    ],
    ['with a query and a fragment in the proof', `${service.url}/cart?b=2#c`, {}],
    ['with its host in upper case', `HTTP://LOCALHOST:${port}/cart`, { host: `localhost:${port}` }],
    ['with the request’s host in upper case', `http://localhost:${port}/cart`, { host: `LOCALHOST:${port}` }],
    ['of an IPv6 address', `http://[::1]:${port}/cart`, { host: `[::1]:${port}` }],
    [
      'of an IPv6 address in another spelling',
      `http://[0:0:0:0:0:0:0:1]:${port}/cart`,
      { host: `[::1]:${port}` },
    ],
    ['with the port that http has anyway', 'http://cart.example:80/cart', { host: 'cart.example' }],
    ['without that port, which the request names', 'http://cart.example/cart', { host: 'cart.example:80' }],
  ])('%s is that of the request', async (_, url, sent) => {
    const htu = { claims: { htu: url } };
    expect(await send(service, { ...sent, headers: [proof(url, htu)] })).toBe(200);
  });

  it.each<[string, string]>([
    ['with another port', `http://127.0.0.1:${port + 1}/cart`],
    ['with https', `https://127.0.0.1:${port}/cart`],
    ['with a slash at the end', `${service.url}/cart/`],
    ['with a path in upper case', `${service.url}/CART`],
    ['with a longer path', `${service.url}/cart/items`],
    ['with an escaped slash', `${service.url}%2Fcart`],
    ['with a dot at the end of the host', `http://127.0.0.1.:${port + 1}/cart`],
    ['without a scheme', `//127.0.0.1:${port}/cart`],
    ['that is none', 'cart'],
    ['that is empty', ''],
  ])('%s is another', async (_, url) => {
    expect(await send(service, { headers: [proof(service.url, { claims: { htu: url } })] })).toBe(refused);
  });

  it('is that of the client, whatever the proxy in between does to host and path', async () => {
    for (const url of ['https://shop.example/api/cart', 'http://cart.internal:4001/cart'])
      for (const line of ['GET /cart HTTP/1.1', 'GET http://inner/cart HTTP/1.1'])
        expect(await send(behindProxy, { line, headers: [proof(url)] })).toBe(200);
    for (const url of [`${behindProxy.url}/cart`, 'https://shop.example/cart', 'https://shop.example/api'])
      expect(await send(behindProxy, { headers: [proof(url)] })).toBe(refused);
  });

  it('is that of the client where the proxy leaves the path of the base URL', async () => {
    const strip = (request: { url?: string | undefined }) => request.url?.replace(/^\/api(?=\/)/, '') ?? '/';
    const left = await start(
      { url: ['https://shop.example/api/', 'http://cart.internal'] },
      { server: { rewriteUrl: strip } },
    );
    const line = 'GET /api/cart?a=/api HTTP/1.1';
    for (const url of ['https://shop.example/api/cart', 'http://cart.internal/api/cart'])
      expect(await send(left, { line, headers: [proof(url)] })).toBe(200);
    for (const url of [
      'https://shop.example/cart',
      'http://cart.internal/cart',
      'https://evil.example/api/cart',
    ])
      expect(await send(left, { line, headers: [proof(url)] })).toBe(refused);
  });

  it('may repeat the path of the base URL, or be that path', async () => {
    const repeating = await start({ url: 'https://shop.example/cart' });
    for (const url of ['https://shop.example/cart/cart', 'https://shop.example/cart'])
      for (const line of ['GET /cart HTTP/1.1', 'GET /cart?size=1 HTTP/1.1'])
        expect(await send(repeating, { line, headers: [proof(url)] })).toBe(200);
    const other = await start({ url: 'https://shop.example/car' });
    expect(await send(other, { headers: [proof('https://shop.example/cart')] })).toBe(refused);
    expect(await send(other, { headers: [proof('https://shop.example/car/cart')] })).toBe(200);
  });

  it('is not taken from the Host header where the service knows its own: a proof for another host is worth nothing', async () => {
    const evil = 'http://evil.example/cart';
    expect(await send(behindProxy, { host: 'evil.example', headers: [proof(evil)] })).toBe(refused);
  });

  it('is the one that was sent, not what the app rewrites it to', async () => {
    const rewriting = await start({}, { server: { rewriteUrl: () => '/cart' } });
    const line = 'GET /v1/cart HTTP/1.1';
    expect(await send(rewriting, { line, headers: [proof(`${rewriting.url}/v1/cart`)] })).toBe(200);
    expect(await send(rewriting, { line, headers: [proof(`${rewriting.url}/cart`)] })).toBe(refused);
  });
});

describe('the method of a proof', () => {
  it('is HEAD for HEAD, although GET’s handler answers', async () => {
    const url = `${service.url}/cart`;
    const line = 'HEAD /cart HTTP/1.1';
    expect(await send(service, { line, headers: [proof(url, { method: 'HEAD' })] })).toBe(200);
    expect(await send(service, { line, headers: [proof(url)] })).toBe(refused);
  });

  it('does not matter to OPTIONS, which needs no token: a browser sends it without one', async () => {
    const response = await fetch(`${service.url}/cart`, { method: 'OPTIONS' });
    expect(response.status).toBe(404);
    expect(response.headers.get('www-authenticate')).toBeNull();
  });
});

describe('the DPoP header', () => {
  const url = `${service.url}/cart`;
  it.each<[string, () => string[], string]>([
    ['twice', () => [proof(url), proof(url)], refused],
    ['twice, in other case', () => [proof(url), proof(url).replace('DPoP', 'dpop')], refused],
    ['twice, the same', () => Array<string>(2).fill(proof(url)), refused],
    ['with two proofs in one line', () => [`${proof(url)}, ${proof(url).slice(6)}`], refused],
    ['empty', () => ['DPoP:'], refused],
    ['of blanks', () => ['DPoP:    '], refused],
    ['of 8 kB', () => [`DPoP: ${'A'.repeat(8192)}`], refused],
    ['with a word before the proof', () => [proof(url).replace(' ', ' DPoP ')], refused],
    ['in quotes', () => [`DPoP: "${proof(url).slice(6)}"`], refused],
    ['with padding', () => [`${proof(url)}=`], refused],
    ['with JSON that says a claim twice', () => [`DPoP: ${twice()}`], refused],
  ])('%s is refused', async (_, headers, expected) => {
    expect(await send(service, { headers: headers() })).toBe(expected);
  });

  function twice(): string {
    const [header = ''] = prover.prove({ method: 'GET', url }).split('.');
    const payload = Buffer.from('{"jti":"a","jti":"b"}').toString('base64url');
    return `${header}.${payload}.${'A'.repeat(86)}`;
  }

  it('of 100 kB does not come so far: Node.js refuses the request, or hangs up on it', async () => {
    const sent = send(service, { headers: [`DPoP: ${'A'.repeat(100_000)}`] });
    expect(await sent.catch(({ code }) => code)).toMatch(/^(431 undefined|ECONNRESET|EPIPE)$/);
    expect(await send(service, { headers: [proof(url)] })).toBe(200);
  });

  it('may have the same jti under another key: each is a proof of its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const own = createProver();
        const accessToken = issuer.mint({ scope: 'cart:read', claims: { cnf: { jkt: own.thumbprint } } });
        const dpop = own.prove({ method: 'GET', url, accessToken }, { claims: { jti: 'the same' } });
        const send = () => fetch(url, { headers: { authorization: `DPoP ${accessToken}`, dpop } });
        return [(await send()).status, (await send()).status];
      }),
    );
    expect(answers).toEqual(answers.map(() => [200, 401]));
  });

  it('in 600 requests with 200 proofs at once: each proof is accepted once', async () => {
    const proofs = Array.from({ length: 200 }, () =>
      prover.prove({ method: 'GET', url, accessToken: token }),
    );
    const batch = [...proofs, ...proofs, ...proofs];
    const statuses = await Promise.all(
      batch.map(
        async (dpop) => (await fetch(url, { headers: { authorization: `DPoP ${token}`, dpop } })).status,
      ),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(proofs.length);
    expect(statuses.filter((status) => status === 401)).toHaveLength(2 * proofs.length);
  });
});
