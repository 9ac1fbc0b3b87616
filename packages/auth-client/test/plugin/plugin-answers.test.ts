import { connect } from 'node:net';
import { forThisFile } from '@latchkey/testing';
import { describe, expect, it } from 'vitest';
import type { AuthClientOptions } from '../../src/index.ts';
import { createTestIssuer } from '../../src/testing/index.ts';
import { audience, startService } from '../service.ts';

const issuer = await forThisFile(createTestIssuer({ audience }));
const service = await forThisFile(startService(issuer));

/** The status lines in the answers to exactly these bytes. */
async function raw(url: string, lines: string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.end(`${lines.join('\r\n')}\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

describe('a request without a token', () => {
  it.each([undefined, 'Basic YTpi', 'Digest x'])(
    'is challenged, and told no error: %s',
    async (authorization) => {
      const response = await service.get('/cart', authorization);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe(
        'Bearer realm="cart-service", DPoP algs="ES256 EdDSA RS256"',
      );
      expect(await response.json()).toEqual({
        type: 'about:blank',
        title: 'Unauthorized',
        status: 401,
        code: 'missing_token',
        detail: 'This resource needs an access token',
        instance: expect.any(String),
      });
    },
  );

  it('has none in its query, its form or a cookie (RFC 6750 §2.2 and §2.3 are not used)', async () => {
    const token = issuer.mint({ scope: 'cart:read' });
    const response = await fetch(`${service.url}/cart?access_token=${token}`, {
      headers: { cookie: `access_token=${token}; token=${token}`, 'x-access-token': token },
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer realm="cart-service", DPoP algs="ES256 EdDSA RS256"',
    );
  });
});

describe('a request with a token', () => {
  it('passes with the scope, and the handler sees whose it is', async () => {
    const response = await service.cart(issuer.mint({ subject: 'user-7', scope: 'cart:write cart:read' }));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ owner: 'user-7' });
  });

  it('is told which scope it lacks', async () => {
    for (const scope of [undefined, 'cart:write', 'cart:reader', 'cart', 'CART:READ']) {
      const response = await service.cart(issuer.mint(scope === undefined ? {} : { scope }));
      expect(response.status).toBe(403);
      expect(response.headers.get('www-authenticate')).toMatch(
        /error="insufficient_scope", .*scope="cart:read", DPoP algs="ES256 EdDSA RS256"$/,
      );
      expect(await response.json()).toMatchObject({
        status: 403,
        code: 'insufficient_scope',
        title: 'Forbidden',
      });
    }
  });

  it('is refused when it has two Authorization headers, of which Node.js shows only the first', async () => {
    const good = `Authorization: Bearer ${issuer.mint({ scope: 'cart:read' })}`;
    const request = (...headers: string[]): Promise<string> =>
      raw(service.url, ['GET /cart HTTP/1.1', 'Host: localhost', ...headers, 'Connection: close']);
    expect(await request(good)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await request(good, 'Authorization: Basic YTpi')).toMatch(
      /^HTTP\/1\.1 401 .*error="invalid_token"/s,
    );
    expect(await request('authorization: Basic YTpi', good)).toMatch(
      /^HTTP\/1\.1 401 .*error="invalid_token"/s,
    );
    expect(await request(good, good)).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('an unforeseen error', () => {
  const secret = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ';

  async function answerWith(
    options: Partial<AuthClientOptions>,
  ): Promise<{ response: Response; body: string; logs: string }> {
    let logs = '';
    const stream = { write: (line: string) => (logs += line) };
    const broken = await startService(issuer, { options, server: { logger: { level: 'trace', stream } } });
    const response = await broken.get('/account', `Bearer ${issuer.mint()}`);
    const body = await response.text();
    await broken.close();
    return { response, body, logs };
  }

  const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

  it.each<[string, () => never]>([
    [
      'a RangeError',
      () => {
        throw new RangeError(`bad ${secret}`);
      },
    ],
    [
      'an error with a status',
      () => {
        throw Object.assign(new Error(secret), { statusCode: 200, status: 200, code: 'OK' });
      },
    ],
    [
      'a string',
      () => {
        throw secret;
      },
    ],
    [
      'undefined',
      () => {
        throw undefined;
      },
    ],
  ])('refuses the token: %s', async (_name, wallMs) => {
    const { response, body, logs } = await answerWith({ clock: { ...clock, wallMs } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(JSON.parse(body)).toMatchObject({ code: 'invalid_token' });
    expect(body).not.toContain(secret);
    expect(logs).toContain('failed unexpectedly');
    expect(logs).not.toContain(secret);
  });

  it.each<[string, typeof globalThis.fetch]>([
    [
      'that throws',
      () => {
        throw new SyntaxError('x');
      },
    ],
    [
      'that throws no error',
      () => {
        throw null;
      },
    ],
    ['that rejects', () => Promise.reject('x')],
    ['that answers with something else', () => Promise.resolve({ status: 200 } as Response)],
    ['that answers with nothing', () => Promise.resolve(undefined as unknown as Response)],
  ])('means 503 where keys are fetched by a fetch %s', async (_name, fetchKeys) => {
    const { response } = await answerWith({ fetch: fetchKeys });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  it('skips a key that looks right and cannot be used', async () => {
    const fetchKeys = async (): Promise<Response> => {
      const keys = [
        {
          ...issuer.signingKey.jwk,
          kid: 'odd',
          e: 'AQABAQ',
          n: `${issuer.signingKey.jwk.n.slice(0, -4)}AAAB`,
        },
        issuer.signingKey.jwk,
      ];
      return Response.json({ keys });
    };
    const { response } = await answerWith({ fetch: fetchKeys });
    expect(response.status).toBe(200);
  });
});
