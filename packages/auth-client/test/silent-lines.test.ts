import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createClientCredentials, createFetch, createServiceIdentity } from '../src/index.ts';
import { fetchKeySet } from '../src/key-set/fetch-key-set.ts';
import { createSigningKey, createTestIssuer } from '../src/testing/index.ts';
import { json, startJwksServer } from './key-set/jwks-server.ts';
import { type Line, startLine } from './revocation/line.ts';
import { createShops } from './service-client/faults-fixture.ts';

/** For what gets no answer. */
const impatientMs = 500;
/** For what is answered, also by a busy machine. */
const patientMs = 60_000;

// createFetch loads undici on its first call. The tests must not time that.
beforeAll(() => import('undici'));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function lineTo(url: string): Promise<Line> {
  const line = await startLine(url);
  closing.push(() => line.close());
  return line;
}

/** Silences open connections without closing them. New connections work. */
async function silence(line: Line): Promise<void> {
  // A connection becomes idle a moment after its answer has arrived.
  await nextTurn();
  line.freeze();
  await line.mend();
}

/** A server behind a line, and the number of connections through it. */
async function serveOnLine(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  await once(server, 'listening');
  const line = await lineTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { line, connections: () => connections };
}

describe('after a connection fell silent', () => {
  it('one request fails by its time limit, and the next one has a new connection, however many were open', async () => {
    const fetch = createFetch();
    const waiting: (() => void)[] = [];
    const { line, connections } = await serveOnLine((request, response) => {
      waiting.push(() => response.end('here'));
      // Held back until there are four requests, so that each has its own connection.
      if (request.url === '/' || waiting.length === 4) for (const answer of waiting) answer();
    });
    const ask = async (path: string, timeoutMs = patientMs) => {
      const answer = await fetch(line.url + path, { signal: AbortSignal.timeout(timeoutMs) });
      return answer.text();
    };
    await Promise.all(Array.from({ length: 4 }, () => ask('/together')));
    expect(connections()).toBe(4);
    await silence(line);
    await expect(ask('/', impatientMs)).rejects.toThrow(/timeout/i);
    for (let request = 0; request < 4; request += 1) expect(await ask('/')).toBe('here');
  });

  it('the same, when it does so within a body', async () => {
    const fetch = createFetch();
    const { line } = await serveOnLine((request, response) => {
      if (request.url === '/part') response.write('a part');
      else response.end('here');
    });
    const givenUp = new AbortController();
    const ask = (path: string, signal = AbortSignal.timeout(patientMs)) => fetch(line.url + path, { signal });
    const [first, part] = await Promise.all([ask('/'), ask('/part', givenUp.signal)]);
    await first.text();
    await silence(line);
    setTimeout(() => givenUp.abort(), impatientMs);
    await expect(part.text()).rejects.toThrow();
    // The connection closes a moment after the reader gets the error.
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    expect(await (await ask('/')).text()).toBe('here');
  });

  it('the key set is fetched at the second attempt', async () => {
    const key = await createSigningKey();
    const server = await startJwksServer(json({ keys: [key.jwk] }));
    closing.push(() => server.close());
    const line = await lineTo(server.jwksUri);
    const options = { jwksUri: `${line.url}/jwks.json`, fetch: createFetch() };
    const get = (timeoutMs: number) =>
      fetchKeySet({ ...options, timeoutMs, closing: new AbortController().signal });
    await get(patientMs);
    await silence(line);
    await expect(get(impatientMs)).rejects.toThrow();
    expect((await get(patientMs)).keys).toHaveLength(1);
  });

  it('a token is fetched at the second attempt', async () => {
    const identity = createServiceIdentity({ clientId: 'cart-service' });
    await identity.ready();
    const keys = await startJwksServer(json({ keys: await identity.publicKeys() }));
    const issuer = await createTestIssuer({ clients: { 'cart-service': { jwksUri: keys.jwksUri } } });
    closing.push(
      () => identity.close(),
      () => keys.close(),
      () => issuer.close(),
    );
    const line = await lineTo(issuer.tokenEndpoint);
    const options = {
      identity,
      issuer: issuer.issuer,
      tokenEndpoint: line.url + new URL(issuer.tokenEndpoint).pathname,
      scopes: ['revocations:read'],
      fetch: createFetch(),
    };
    const patient = createClientCredentials({ ...options, timeoutMs: patientMs });
    const impatient = createClientCredentials({ ...options, timeoutMs: impatientMs });
    const token = await patient();
    await silence(line);
    await expect(impatient()).rejects.toThrow();
    expect(await patient(token)).toMatch(/^eyJ/);
  });

  it('another service is reached at the second attempt', async () => {
    const shops = createShops();
    closing.push(() => shops.close());
    const { line } = await serveOnLine((_request, response) => response.end('a cart'));
    const shop = await shops.start({ cartUrl: line.url });
    const token = shop.mint();
    const call = (timeoutMs = patientMs) =>
      shop.call(token, { settings: { scopes: ['cart:read'], timeoutMs } });
    await eventually('the cart is reached', async () => expect(await call()).toMatchObject({ status: 200 }));
    await Promise.all([call(), call(), call()]);
    await silence(line);
    expect(await call(impatientMs)).toMatchObject({ status: 504 });
    for (let request = 0; request < 3; request += 1) expect(await call()).toMatchObject({ status: 200 });
  });
});
