import type { ShopService, Verdict } from '../../src/demo/api.ts';
import { config } from '../config.ts';
import { session } from '../session/session.ts';
import { readProblem } from '../traffic/problem.ts';
import { recordedFetch } from '../traffic/recorded-fetch.ts';

const { cart, wishlist, payment } = config.services;

/** A route of each service that every customer may read. */
const shopReads: Readonly<Record<ShopService, string>> = {
  'cart-service': `${cart}/cart`,
  'wishlist-service': `${wishlist}/wishlist`,
  'payment-service': `${payment}/payments?limit=1`,
};

/** The routes that the current token allows; none when nobody is signed in. */
export function allowedReads(): readonly string[] {
  const state = session.state();
  if (state.status !== 'signed_in') return [];
  const reads = Object.entries(shopReads).filter(([service]) =>
    state.scopes.includes(`${service.replace('-service', '')}:read`),
  );
  return reads.map(([, url]) => url);
}

type Probe = { readonly service: ShopService; readonly method: string; readonly url: string };

const reads = (Object.entries(shopReads) as [ShopService, string][]).map(
  ([service, url]): Probe => ({ service, method: 'GET', url }),
);

export type TimedVerdict = Verdict & { readonly elapsedMs: number };

/**
 * Requests that require a permission beyond reading. They are about things that do not exist, so they change nothing.
 */
const probes: Readonly<Record<string, Probe>> = {
  'cart:write': { service: 'cart-service', method: 'DELETE', url: `${cart}/cart/items/nothing-of-the-kind` },
  'wishlist:write': {
    service: 'wishlist-service',
    method: 'DELETE',
    url: `${wishlist}/wishlist/items/00000000-0000-0000-0000-000000000000`,
  },
  'payment:write': { service: 'payment-service', method: 'POST', url: `${payment}/payments` },
  'payment:refund': {
    service: 'payment-service',
    method: 'POST',
    url: `${payment}/payments/00000000-0000-0000-0000-000000000000/refunds`,
  },
};

/** Each service's verdict on a token outside the session, and how long the answer takes. */
export function verdictsOnToken(token: string): Promise<readonly TimedVerdict[]> {
  const init = { headers: { authorization: `Bearer ${token}` } };
  return verdictsBy(reads, ({ url }) => recordedFetch(url, init));
}

/** Each service's verdict on the current session. The service of `scope` gets a request that requires that scope. */
export function verdictsOnSession(scope: string): Promise<readonly TimedVerdict[]> {
  const asked = reads.map((read) => (probes[scope]?.service === read.service ? probes[scope] : read));
  return verdictsBy(asked, ({ url, method }) => session.fetch(url, { method }));
}

function verdictsBy(
  asked: readonly Probe[],
  send: (probe: Probe) => Promise<Response>,
): Promise<readonly TimedVerdict[]> {
  return Promise.all(
    asked.map(async (probe) => {
      const { service } = probe;
      const startMs = performance.now();
      const answer = await send(probe).catch(() => null);
      const elapsedMs = performance.now() - startMs;
      if (answer === null) return { service, status: 0, code: null, reason: null, elapsedMs };
      const problem = await readProblem(answer);
      const { code = null, reason = null } = problem ?? {};
      return { service, status: answer.status, code, reason, elapsedMs };
    }),
  );
}
