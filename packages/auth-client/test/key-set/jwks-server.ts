import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SigningKey } from '../../src/testing/index.ts';

export type JwksServer = {
  jwksUri: string;
  /** Requests received so far. */
  readonly requests: number;
  /** Replaces the answer from now on. */
  answer(listener: RequestListener): void;
  close(): Promise<void>;
};

/** A key set server that can be made to misbehave. */
export async function startJwksServer(listener: RequestListener): Promise<JwksServer> {
  let current = listener;
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    current(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    get requests() {
      return requests;
    },
    answer(next) {
      current = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Answers with these keys. */
export function keySetOf(...keys: SigningKey[]): RequestListener {
  return json({ keys: keys.map(({ jwk }) => jwk) });
}

/** Answers with this as JSON. */
export function json(
  body: unknown,
  { type = 'application/json', cacheControl = 'max-age=60' } = {},
): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': type, 'cache-control': cacheControl });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}
