import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refusalRows } from '@latchkey/auth-client/test/refusals';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CartFixture, startCartService } from './cart-fixture.ts';

let service: CartFixture;
let url: string;
/** The target of hostile headers. It must never receive a request. */
let elsewhere: Server;
let requestsElsewhere = 0;

beforeAll(async () => {
  service = await startCartService();
  url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  elsewhere = createServer((_request, response) => {
    requestsElsewhere += 1;
    response.end('{}');
  });
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
});
afterAll(async () => {
  await service.close();
  elsewhere.close();
});

async function cartWith(token: string): Promise<Response> {
  return fetch(`${url}/cart`, { headers: { authorization: `Bearer ${token}` } });
}

describe('the real cart-service, asked over HTTP, refuses with 401 and never with 500', () => {
  it.each(refusalRows)('$name', async ({ token }) => {
    const { port } = elsewhere.address() as AddressInfo;
    const context = {
      issuer: service.issuer,
      audience: 'cart-service',
      elsewhere: `http://127.0.0.1:${port}`,
    };
    const response = await cartWith(token(context));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 401, code: 'invalid_token' });
  });

  it('and sends no request to an address in a token', () => {
    expect(requestsElsewhere).toBe(0);
  });

  it('but accepts the good token from which they were all made', async () => {
    expect((await cartWith(service.tokenOf('ada'))).status).toBe(200);
  });
});
