import type { ShopService, Verdict } from '../../src/demo/api.ts';
import { config } from '../config.ts';
import { session } from '../session/session.ts';
import { readProblem } from '../traffic/problem.ts';
import { recordedFetch } from '../traffic/recorded-fetch.ts';

const { cart, wishlist, payment } = config.services;

/** A route of each service that everybody who shops may read. */
export const shopReads: Readonly<Record<ShopService, string>> = {
  'cart-service': `${cart}/cart`,
  'wishlist-service': `${wishlist}/wishlist`,
  'payment-service': `${payment}/payments`,
};

export type TimedVerdict = Verdict & { readonly elapsedMs: number };

/** What each service says to a token that the session knows nothing of, and how long it takes to say it. */
export function verdictsOnToken(token: string): Promise<readonly TimedVerdict[]> {
  const init = { headers: { authorization: `Bearer ${token}` } };
  return verdictsBy((url) => recordedFetch(url, init));
}

/** What each service says to the page as it is signed in now. */
export function verdictsOnSession(): Promise<readonly TimedVerdict[]> {
  return verdictsBy((url) => session.fetch(url));
}

function verdictsBy(send: (url: string) => Promise<Response>): Promise<readonly TimedVerdict[]> {
  const services = Object.entries(shopReads) as [ShopService, string][];
  return Promise.all(
    services.map(async ([service, url]) => {
      const startMs = performance.now();
      const answer = await send(url).catch(() => null);
      const elapsedMs = performance.now() - startMs;
      if (answer === null) return { service, status: 0, code: null, reason: null, elapsedMs };
      const problem = await readProblem(answer);
      const { code = null, reason = null } = problem ?? {};
      return { service, status: answer.status, code, reason, elapsedMs };
    }),
  );
}
