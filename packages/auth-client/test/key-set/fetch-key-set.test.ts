import { eventually } from '@latchkey/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FetchedKeySet, fetchKeySet } from '../../src/key-set/fetch-key-set.ts';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { type JwksServer, json, keySetOf, startJwksServer } from './jwks-server.ts';

let key: SigningKey;
let other: SigningKey;
let server: JwksServer;

beforeAll(async () => {
  [key, other] = await Promise.all([createSigningKey(), createSigningKey()]);
});

beforeEach(async () => {
  server = await startJwksServer(keySetOf(key));
});

afterEach(() => server.close());

function get(timeoutMs = 60_000): Promise<FetchedKeySet> {
  return fetchKeySet({ jwksUri: server.jwksUri, fetch, timeoutMs, closing: new AbortController().signal });
}

describe('a key set that is taken', () => {
  it('yields its keys', async () => {
    const { keys, refused } = await get();
    expect(keys).toEqual([{ kid: key.kid, n: key.jwk.n, e: 'AQAB', modulusBytes: 256 }]);
    expect(refused).toEqual([]);
  });

  it('may come as application/jwk-set+json, with parameters', async () => {
    server.answer(json({ keys: [key.jwk] }, { type: 'application/jwk-set+json; charset=utf-8' }));
    expect((await get()).keys).toHaveLength(1);
  });

  it('leaves out keys that cannot be used, and counts them', async () => {
    server.answer(json({ keys: [{ kty: 'EC' }, null, 'x', key.jwk, { ...other.jwk, use: 'enc' }] }));
    const { keys, refused } = await get();
    expect(keys.map(({ kid }) => kid)).toEqual([key.kid]);
    expect(refused).toEqual(['kty', 'not an object', 'not an object', 'use']);
  });

  it('leaves out all keys that share a kid', async () => {
    const twin = { ...other.jwk, kid: key.kid };
    server.answer(json({ keys: [key.jwk, other.jwk, twin, twin] }));
    const { keys, refused } = await get();
    expect(keys.map(({ kid }) => kid)).toEqual([other.kid]);
    expect(refused).toEqual(['duplicate kid', 'duplicate kid']);
  });

  it('leaves out a key whose kid a key that cannot be used has as well', async () => {
    server.answer(json({ keys: [{ kty: 'EC', kid: key.kid }, key.jwk, other.jwk] }));
    expect((await get()).keys.map(({ kid }) => kid)).toEqual([other.kid]);
  });

  it.each([
    ['max-age=300', 300],
    ['public, max-age=0', 0],
    ['Max-Age="60", must-revalidate', 60],
    ['no-store', 0],
    ['no-cache, max-age=600', 0],
    ['s-maxage=20', undefined],
    ['max-age=-1', undefined],
    ['max-age=soon', undefined],
  ])('says how long it is fresh: Cache-Control: %s', async (cacheControl, seconds) => {
    server.answer(json({ keys: [key.jwk] }, { cacheControl }));
    expect((await get()).maxAgeSeconds).toBe(seconds);
  });

  it.each([
    ['max-age=60', '45', 15],
    ['max-age=60', '45, 10', 15],
    ['max-age=60', '61', 0],
    ['max-age=60', '9'.repeat(400), 0],
    ['max-age=60', '-5', 60],
    ['max-age=60', '5 s', 60],
    ['public', '45', undefined],
  ])('is fresh for less when a cache had it: %s, Age: %s', async (cacheControl, age, seconds) => {
    server.answer((request, response) => {
      response.setHeader('age', age);
      json({ keys: [key.jwk] }, { cacheControl })(request, response);
    });
    expect((await get()).maxAgeSeconds).toBe(seconds);
  });
});

describe('an answer that is no key set', () => {
  const isNoTimeout = (error: Error) => error.name !== 'TimeoutError';
  const page = '<!doctype html><title>Sign in</title>';
  it.each<[string, Parameters<JwksServer['answer']>[0]]>([
    ['a page', json(page, { type: 'text/html' })],
    ['a page that claims to be JSON', json(page)],
    ['nothing', json('')],
    ['half of it', json('{"keys":[')],
    ['an array', json([])],
    ['no keys member', json({ issuer: 'x' })],
    ['keys that are no array', json({ keys: { 0: {} } })],
    ['65 keys', json({ keys: Array.from({ length: 65 }, () => ({})) })],
    [
      'keys twice',
      (request, response) => json(`{"keys":[],"keys":[${JSON.stringify(key.jwk)}]}`)(request, response),
    ],
    ['deep nesting', json(`{"keys":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)],
    [
      '404',
      (_request, response) =>
        response.writeHead(404, { 'content-type': 'application/json' }).end('{"keys":[]}'),
    ],
    [
      '206',
      (request, response) => {
        response.statusCode = 206;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ keys: [key.jwk] }));
        request.resume();
      },
    ],
    ['a type that only begins as JSON', json('{"keys":[]}', { type: 'application/jsonp' })],
  ])('is refused: %s', async (_name, listener) => {
    server.answer(listener);
    await expect(get()).rejects.toSatisfy(isNoTimeout);
  });

  it('is refused when it redirects, and the redirect is not followed', async () => {
    const target = await startJwksServer(keySetOf(key));
    server.answer((_request, response) => response.writeHead(302, { location: target.jwksUri }).end());
    await expect(get()).rejects.toSatisfy(isNoTimeout);
    expect(target.requests).toBe(0);
    await target.close();
  });

  it('is refused when it is not UTF-8', async () => {
    server.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(Buffer.from(JSON.stringify({ note: 'ÿ', keys: [key.jwk] }), 'latin1'));
    });
    await expect(get()).rejects.toThrow('UTF-8');
  });

  it('is refused over 256 KB, without reading it to its end', async () => {
    let closed = false;
    server.answer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '.repeat(64 * 1024)), 1);
      request.once('close', () => {
        clearInterval(timer);
        closed = true;
      });
    });
    await expect(get()).rejects.toThrow('longer than');
    await eventually('the connection is closed', () => expect(closed).toBe(true));
  });

  it('is refused when it comes too slowly', async () => {
    server.answer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      request.once('close', () => clearInterval(timer));
    });
    await expect(get(200)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
