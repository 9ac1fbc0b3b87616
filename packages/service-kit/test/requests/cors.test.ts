import { describe, expect, it } from 'vitest';
import { serviceUnderTest } from '../service-under-test.ts';

const ask = (origin: string, method: 'GET' | 'OPTIONS' = 'GET') => ({
  method,
  url: '/live',
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  },
});

describe('cross-origin requests', () => {
  it('are allowed to the exact origins, with credentials', async () => {
    const { app } = await serviceUnderTest({ corsOrigins: ['http://shop.test', 'http://shop.test:3000'] });
    for (const origin of ['http://shop.test', 'http://shop.test:3000']) {
      const response = await app.inject(ask(origin, 'OPTIONS'));
      expect(response.statusCode).toBe(204);
      expect(response.headers['access-control-allow-origin']).toBe(origin);
      expect(response.headers['access-control-allow-credentials']).toBe('true');
      expect((await app.inject(ask(origin))).headers.vary).toContain('Origin');
    }
    await app.close();
  });

  it.each([
    'http://evil.test',
    'https://shop.test',
    'http://shop.test.evil.test',
    'http://shop.test:3001',
    'null',
  ])('are not allowed to %s', async (origin) => {
    const { app } = await serviceUnderTest({ corsOrigins: ['http://shop.test'] });
    for (const method of ['GET', 'OPTIONS'] as const) {
      const { headers } = await app.inject(ask(origin, method));
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    await app.close();
  });

  it.each([[[]], [['http://shop.test']]])(
    'are allowed to any page at open paths, without credentials, when %j may do more',
    async (corsOrigins) => {
      const { app } = await serviceUnderTest({ corsOrigins, openPaths: ['/live'] });
      const requests = [
        ask('http://other.test', 'OPTIONS'),
        ask('http://other.test'),
        { ...ask('http://other.test'), url: '/live?a=b' },
      ];
      for (const request of requests) {
        const { headers } = await app.inject(request);
        expect(headers['access-control-allow-origin']).toBe('*');
        expect(headers['access-control-allow-credentials']).toBeUndefined();
      }
      const closed = await app.inject({ ...ask('http://other.test'), url: '/ready' });
      expect(closed.headers['access-control-allow-origin']).toBeUndefined();
      for (const origin of corsOrigins) {
        const { headers } = await app.inject(ask(origin));
        expect(headers['access-control-allow-origin']).toBe(origin);
        expect(headers['access-control-allow-credentials']).toBe('true');
      }
      await app.close();
    },
  );

  it('are allowed to nobody when no origin is configured', async () => {
    const { app } = await serviceUnderTest();
    expect(
      (await app.inject(ask('http://shop.test'))).headers['access-control-allow-origin'],
    ).toBeUndefined();
    await app.close();
  });

  it.each(['*', 'http://shop.test/', 'shop.test'])('cannot be opened to %j', async (origin) => {
    await expect(serviceUnderTest({ corsOrigins: [origin] })).rejects.toThrow('Not an origin');
  });
});

describe('forwarded addresses', () => {
  const addressSeen = async (trustedProxies: string[]) => {
    const { app } = await serviceUnderTest({ trustedProxies });
    app.get('/address', async (request) => ({ ip: request.ip }));
    const response = await app.inject({ url: '/address', headers: { 'x-forwarded-for': '203.0.113.9' } });
    await app.close();
    return response.json<{ ip: string }>().ip;
  };

  it('are believed from trusted proxies alone', async () => {
    expect(await addressSeen([])).toBe('127.0.0.1');
    expect(await addressSeen(['10.0.0.0/8'])).toBe('127.0.0.1');
    expect(await addressSeen(['127.0.0.0/8'])).toBe('203.0.113.9');
  });
});
