import { once } from 'node:events';
import { type IncomingMessage, request as send } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type HttpServer, startHttpServer } from './http-server.ts';

export type AuthFront = HttpServer & {
  /** How often a refresh was asked for. */
  refreshes(): number;
  /** How often a refresh was answered with a new token. */
  renewals(): number;
  /**
   * Holds back auth-service's answers until the returned function is called. A later hold applies to later
   * requests.
   */
  hold(): () => void;
  /** Hides the page's site from auth-service, as older browsers do, until the returned function is called. */
  hideSite(): () => void;
};

/**
 * A proxy that browsers reach instead of auth-service. It counts requests and can hold back answers. It shares
 * auth-service's cookies, because a host's cookies apply to all its ports.
 */
export async function startAuthFront(authUrl: () => string): Promise<AuthFront> {
  let refreshes = 0;
  let renewals = 0;
  let isOpen = Promise.resolve();
  let isSiteHidden = false;

  const server = await startHttpServer(async (request, response) => {
    const { method, url } = request;
    const { 'sec-fetch-site': site, ...others } = request.headers;
    const headers = isSiteHidden ? others : request.headers;
    const open = isOpen;
    const isRefresh = method === 'POST' && url === '/sessions/refresh';
    if (isRefresh) refreshes += 1;
    const upstream = send(new URL(url ?? '/', authUrl()), { method, headers });
    const [[answer]] = await Promise.all([
      once(upstream, 'response') as Promise<[IncomingMessage]>,
      pipeline(request, upstream),
    ]);
    if (isRefresh && answer.statusCode === 200) renewals += 1;
    if (method !== 'OPTIONS') await open;
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    await pipeline(answer, response);
  });

  return {
    ...server,
    refreshes: () => refreshes,
    renewals: () => renewals,
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
