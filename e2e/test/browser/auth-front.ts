import { once } from 'node:events';
import { type IncomingMessage, request as send } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type HttpServer, startHttpServer } from './http-server.ts';

export type AuthFront = HttpServer & {
  /** How often a refresh was asked for. */
  refreshes(): number;
  /**
   * Keeps answers back, which auth-service has given, until the function that is returned is called. A hold that follows is
   * for what is asked from then on.
   */
  hold(): () => void;
  /** Tells auth-service nothing of the page's site from now on, as older browsers do, until the function is called. */
  hideSite(): () => void;
};

/**
 * What browsers reach instead of auth-service: it passes everything on as it is, counts, and can keep answers back. Its
 * cookies are auth-service's: those of a host go to all its ports.
 */
export async function startAuthFront(authUrl: () => string): Promise<AuthFront> {
  let refreshes = 0;
  let isOpen = Promise.resolve();
  let isSiteHidden = false;

  const server = await startHttpServer(async (request, response) => {
    const { method, url } = request;
    const { 'sec-fetch-site': site, ...others } = request.headers;
    const headers = isSiteHidden ? others : request.headers;
    const open = isOpen;
    if (method === 'POST' && url === '/sessions/refresh') refreshes += 1;
    const upstream = send(new URL(url ?? '/', authUrl()), { method, headers });
    const [[answer]] = await Promise.all([
      once(upstream, 'response') as Promise<[IncomingMessage]>,
      pipeline(request, upstream),
    ]);
    if (method !== 'OPTIONS') await open;
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
    hideSite() {
      isSiteHidden = true;
      return () => {
        isSiteHidden = false;
      };
    },
  };
}
