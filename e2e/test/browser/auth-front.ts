import { once } from 'node:events';
import { type IncomingMessage, request as send } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type HttpServer, startHttpServer } from './http-server.ts';

export type AuthFront = HttpServer & {
  /** How often a refresh was asked for. */
  refreshes(): number;
  /** Keeps answers back, which auth-service has given, until the function that is returned is called. */
  hold(): () => void;
};

/**
 * What browsers reach instead of auth-service: it passes everything on as it is, counts, and can keep answers back. Its
 * cookies are auth-service's: those of a host go to all its ports.
 */
export async function startAuthFront(authUrl: () => string): Promise<AuthFront> {
  let refreshes = 0;
  let isOpen = Promise.resolve();

  const server = await startHttpServer(async (request, response) => {
    const { method, url, headers } = request;
    if (method === 'POST' && url === '/sessions/refresh') refreshes += 1;
    const upstream = send(new URL(url ?? '/', authUrl()), { method, headers });
    const [[answer]] = await Promise.all([
      once(upstream, 'response') as Promise<[IncomingMessage]>,
      pipeline(request, upstream),
    ]);
    if (method !== 'OPTIONS') await isOpen;
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    await pipeline(answer, response);
  });

  return {
    ...server,
    refreshes: () => refreshes,
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      isOpen = promise;
      return resolve;
    },
  };
}
