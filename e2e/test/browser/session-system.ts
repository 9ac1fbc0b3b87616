import { launchChromium } from '@latchkey/dev-stack/chromium';
import { byService } from '@latchkey/services';
import type { Browser } from 'playwright-core';
import { type System, startSystem } from '../system.ts';
import { type AuthFront, startAuthFront } from './auth-front.ts';
import { type HttpServer, startHttpServer } from './http-server.ts';
import { startSessionPage } from './session-page.ts';
import { newSessionPerson, type SessionPerson } from './session-person.ts';

/** The path of a page that treats auth-service as cross-site. */
export const crossSite = '/cross-site';
/** The path of a page whose tokens are bound to no key. */
export const unbound = '/unbound';

export type SessionSystem = {
  readonly auth: System['stack']['services']['auth'];
  /** Registers a new person and opens their browser. */
  newPerson(): Promise<SessionPerson>;
  /** The proxy that the page uses as auth-service. */
  readonly front: AuthFront;
  readonly cart: string;
  /** A service that answers with redirects to the stranger. */
  readonly redirecting: string;
  readonly stranger: string;
  /** The requests that reached the stranger. */
  readonly led: readonly string[];
  stop(): Promise<void>;
};

/**
 * Starts the whole system, a page that has only a session, and chromium. Each person can be signed in on one device at
 * a time.
 *
 * @param tokenSeconds how long access tokens are good
 */
export async function startSessionSystem(tokenSeconds: number): Promise<SessionSystem> {
  let system: System | undefined;
  const urlOf = (service: 'auth' | 'cart') =>
    (system?.stack.services[service].url ?? '').replace('127.0.0.1', 'localhost');

  const led: string[] = [];
  const stranger = await startHttpServer((request, response) => {
    led.push(`${request.method} ${request.url}`);
    response.writeHead(204, cors(request.headers.origin)).end();
  });
  const redirecting = await startHttpServer((request, response) => {
    const isPreflight = request.method === 'OPTIONS';
    const location = isPreflight ? {} : { location: `${stranger.origin}/stolen` };
    response.writeHead(isPreflight ? 204 : 307, { ...cors(request.headers.origin), ...location }).end();
  });
  const front = await startAuthFront(() => urlOf('auth'));
  const page = await startSessionPage((path) => ({
    issuer: path === crossSite ? front.origin.replace('localhost', '127.0.0.1') : front.origin,
    clientId: 'storefront',
    services: [urlOf('cart'), redirecting.origin],
    // auth-service does not know the other name by which the cross-site page calls it, and so refuses its proofs.
    ...((path === unbound || path === crossSite) && { binding: 'none' }),
  }));
  const servers: HttpServer[] = [stranger, redirecting, front, page];
  let browser: Browser | undefined;

  async function stop(): Promise<void> {
    await browser?.close();
    await Promise.all(servers.map((server) => server.stop()));
    await system?.stop();
  }

  try {
    const started = await launchChromium({ shortLived: true });
    browser = started;
    // A proof names the address to which the browser sends it, so the proxy's is auth-service's for all.
    const env = { ISSUER: front.origin, CORS_ORIGINS: page.origin };
    const auth = { ACCESS_TOKEN_SECONDS: String(tokenSeconds), SESSION_LIMITS: 'storefront=1' };
    system = await startSystem(byService((name) => (name === 'auth' ? { ...env, ...auth } : env)));
    return {
      auth: system.stack.services.auth,
      newPerson: () => newSessionPerson({ authUrl: urlOf('auth'), page: page.origin, browser: started }),
      front,
      cart: `${urlOf('cart')}/cart`,
      redirecting: redirecting.origin,
      stranger: stranger.origin,
      led,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function cors(origin = '*'): Record<string, string> {
  return { 'access-control-allow-origin': origin, 'access-control-allow-headers': 'authorization, dpop' };
}
