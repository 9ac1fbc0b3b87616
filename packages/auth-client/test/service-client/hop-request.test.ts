import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHopInit, type HopInit, hopUrl, isIdempotent } from '../../src/service-client/hop-request.ts';

const base = 'http://127.0.0.1:4001';

describe('a path at another service', () => {
  it.each([
    ['/cart', `${base}/cart`],
    ['/', `${base}/`],
    ['/cart/items/a%2Fb?x=1&y=%20', `${base}/cart/items/a%2Fb?x=1&y=%20`],
    ['/cart/..a', `${base}/cart/..a`],
  ])('is not changed: %s', (path, url) => {
    expect(hopUrl(base, path)).toBe(url);
  });

  it('is appended to the path of the base', () => {
    expect(hopUrl('http://gateway.example/shop/cart', '/cart?x=1')).toBe(
      'http://gateway.example/shop/cart/cart?x=1',
    );
    expect(hopUrl(`${base}/`, '/cart')).toBe(`${base}/cart`);
  });

  it.each([
    '',
    'cart',
    '@evil.example/cart',
    '.evil.example/cart',
    ':80/cart',
    'http://evil.example/',
    '/cart/../admin',
    '/cart/%2e%2e/admin',
    '/./cart',
    '/..',
    '/cart\\..\\admin',
    '/a b',
    '/ü',
    '/cart#fragment',
    '/cart\n',
    '\t/cart',
    '/cart?x=a b',
  ])('is refused when a URL parser makes something else of it: %j', (path) => {
    expect(() => hopUrl(base, path)).toThrow(/encodeURIComponent/);
  });

  it('never leads to another origin, nor out of the base, whatever it is made of', () => {
    const piece = fc.constantFrom(
      '/',
      '//',
      '..',
      '.',
      '\\',
      '@',
      ':',
      '?',
      '#',
      '%2e',
      '%2f',
      'evil.example',
      'a',
      '\t',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        let url: URL;
        try {
          url = new URL(hopUrl('http://gateway.example/shop', pieces.join('')));
        } catch {
          return;
        }
        expect(url.origin).toBe('http://gateway.example');
        expect(url.pathname.startsWith('/shop/')).toBe(true);
        expect(url.pathname).not.toMatch(/\/\.\.?(?:\/|$)/);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes any text that was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        fc.pre(text !== '.' && text !== '..');
        const encoded = encodeURIComponent(text);
        const url = new URL(hopUrl(base, `/items/${encoded}?q=${encoded}`));
        expect(url.pathname).toBe(`/items/${encoded}`);
        expect(url.searchParams.get('q')).toBe(text);
      }),
    );
  });
});

describe('a request to another service', () => {
  it.each(['authorization', 'Authorization', 'COOKIE', 'traceparent', 'x-request-id', 'host'])(
    'does not take %s from the program',
    (name) => {
      expect(() => checkHopInit({ headers: { [name]: 'x' } })).toThrow(/is set by the service client/);
    },
  );

  it('can be sent again', () => {
    for (const body of ['x', new Uint8Array(1), new URLSearchParams('a=b')]) checkHopInit({ body });
    const streams = [new ReadableStream(), new FormData(), {}, null];
    for (const body of streams)
      expect(() => checkHopInit({ body } as unknown as HopInit)).toThrow('text, bytes or a form');
  });

  it('is idempotent by its method (RFC 9110 §9.2.2)', () => {
    expect([{}, { method: 'put' }, { method: 'DELETE' }].every(isIdempotent)).toBe(true);
    expect([{ method: 'POST' }, { method: 'PATCH' }].some(isIdempotent)).toBe(false);
  });

  it('is idempotent by its Idempotency-Key', () => {
    expect(isIdempotent({ method: 'POST', headers: { 'Idempotency-Key': 'k' } })).toBe(true);
    expect(isIdempotent({ method: 'POST', headers: { 'content-type': 'text/plain' } })).toBe(false);
  });
});
