import { describe, expect, it } from 'vitest';
import { arrowsOf, isByDemo } from '../../../page/demo/lanes/arrow-rules.ts';
import { countsOf, shownArrows } from '../../../page/demo/lanes/filter-rules.ts';
import type { Purpose, TrafficEntry } from '../../../page/traffic/traffic.ts';
import { type ShownSpan, tokenAttributes } from '../../../src/demo/api.ts';
import { pageAnswer, pageRequest, services, shownSpan } from '../traffic/requests.ts';

const request = pageRequest({ method: 'POST', url: 'http://localhost:4003/payments' });
const payment = shownSpan({
  span_id: 'pay',
  service: 'payment-service',
  name: 'POST /payments',
  status: 201,
});
const toAuth = shownSpan({
  span_id: 'out',
  parent_span_id: 'pay',
  service: 'payment-service',
  kind: 'client',
});
const token = shownSpan({
  span_id: 'tok',
  parent_span_id: 'out',
  service: 'auth-service',
  name: 'POST /token',
});
const claim = shownSpan({
  span_id: 'cart',
  parent_span_id: 'pay',
  name: 'PUT /cart/checkouts/:reference',
  attributes: { [tokenAttributes.actors]: 'payment-service' },
});

const entry = (changes: Partial<TrafficEntry> = {}): TrafficEntry => ({
  request,
  answer: pageAnswer(201),
  spans: [payment, toAuth, token, claim],
  ...changes,
});
const ends = (changes?: Partial<TrafficEntry>) =>
  arrowsOf(entry(changes), services).map(({ from, to, status }) => `${from}→${to} ${status}`);

// The demo's server does not report its own requests.
const panelRequest = pageRequest({ url: 'http://localhost:3000/demo/thefts/access-token', method: 'POST' });
const panelEntry = entry({
  request: panelRequest,
  spans: [{ ...payment, parent_span_id: 'storefront' }, toAuth, token],
});

describe('arrows', () => {
  it('show that the browser left for a provider, or for auth-service, and came back', () => {
    const back = '/?code=$CODE&state=$STATE';
    const url = 'http://localhost:4000/authorize?state=$STATE';
    const visited = (provider: string | null) => {
      const visit = entry({ request: pageRequest({ url, visit: { provider, back } }), spans: [] });
      return arrowsOf(visit, services);
    };
    expect(visited('example-id').map(({ from, to, name }) => `${from}→${to} ${name}`)).toEqual([
      'page→provider GET /authorize',
      `provider→page GET ${back}`,
    ]);
    expect(visited(null).map(({ from, to }) => `${from}→${to}`)).toEqual(['page→auth', 'auth→page']);
    expect(shownArrows([visited(null)], 'hops')).toEqual([]);
  });

  it('come from gift-ideas when its token asks, also where that token is refused, which names no client', () => {
    const asked = { parent_span_id: 'gifts', kind: 'server' } as const;
    const attributes = { [tokenAttributes.client]: 'gift-ideas' };
    const wishlist = shownSpan({ ...asked, span_id: 'w', service: 'wishlist-service', attributes });
    const cart = shownSpan({ ...asked, span_id: 'c', service: 'cart-service', status: 401 });
    const byDemo = shownSpan({ ...cart, span_id: 'd', parent_span_id: 'storefront' });
    expect(ends({ request: panelRequest, spans: [wishlist, cart, byDemo] })).toEqual([
      'partner→wishlist 200',
      'partner→cart 401',
      'demo→cart 401',
    ]);
  });

  it('go from the caller to the callee, across services', () => {
    expect(ends()).toEqual(['page→payment 201', 'payment→auth 200', 'payment→cart 200']);
  });

  it('say who acts for the person', () => {
    expect(arrowsOf(entry(), services).map(({ actors }) => actors)).toEqual([[], [], ['payment-service']]);
  });

  it('are there before anything has answered or reported', () => {
    expect(ends({ answer: null, spans: [] })).toEqual(['page→payment null']);
  });

  it('come from the service that the page asked while that one has not reported its part', () => {
    expect(ends({ spans: [claim] })).toEqual(['page→payment 201', 'payment→cart 200']);
  });

  it('end at a service that does not answer, as its caller reports', () => {
    const attributes = { 'server.address': 'http://127.0.0.1:4000' };
    const cut = { ...toAuth, status: null, attributes };
    expect(ends({ spans: [payment, cut] })).toEqual(['page→payment 201', 'payment→auth 0']);
  });

  it('are named by the route, like those of services', () => {
    const url = 'http://localhost:4001/cart/items/mug-blue';
    const [own] = arrowsOf(entry({ request: pageRequest({ method: 'DELETE', url }), spans: [] }), services);
    expect(own?.name).toBe('DELETE /cart/items/:sku');
  });

  it('leave out stores, and parties without a lane', () => {
    const store = shownSpan({
      span_id: 'db',
      parent_span_id: 'pay',
      service: 'payment-service',
      kind: 'client',
    });
    const stranger = shownSpan({ span_id: 'x', parent_span_id: 'pay', service: 'mail-service' });
    expect(ends({ spans: [payment, store, stranger] })).toEqual(['page→payment 201']);
    expect(ends({ request: panelRequest, spans: [] })).toEqual([]);
  });

  it('are no refusal where the service asks for a fresh nonce', () => {
    const problem = { code: 'use_dpop_nonce', reason: null, detail: null };
    const arrows = arrowsOf(entry({ answer: pageAnswer(401, { problem }), spans: [] }), services);
    expect(arrows).toMatchObject([{ status: 401, verdict: 'again' }]);
    expect(shownArrows([arrows], 'refused')).toEqual([]);
    expect(countsOf(arrows)).toEqual({ passed: 0, refused: 0, failed: 0 });
    expect(arrowsOf(entry({ answer: pageAnswer(401), spans: [] }), services)).toMatchObject([
      { verdict: 'refused' },
    ]);
    const hop = (attributes: ShownSpan['attributes']) =>
      arrowsOf(entry({ spans: [payment, { ...claim, status: 401, attributes }] }), services).at(-1)?.verdict;
    expect(hop({ [tokenAttributes.refusedBy]: 'use_dpop_nonce' })).toBe('again');
    expect(hop({ 'error.type': 'use_dpop_nonce' })).toBe('again');
    expect(hop({ [tokenAttributes.refusedBy]: 'proof: replayed' })).toBe('refused');
  });

  it('come from outside where the demo’s server asked because of a panel', () => {
    const arrows = arrowsOf(panelEntry, services);
    expect(arrows.map(({ from, to }) => `${from}→${to}`)).toEqual(['demo→payment', 'payment→auth']);
    expect(arrows.map(isByDemo)).toEqual([true, false]);
    expect(arrowsOf(entry(), services).map(isByDemo)).toEqual([false, false, false]);
  });
});

describe('the filter', () => {
  const passed = arrowsOf(entry(), services);
  const one = (traceId: string, purpose: Purpose, status: number) =>
    arrowsOf({ request: pageRequest({ traceId, purpose }), answer: pageAnswer(status), spans: [] }, services);
  const traces = [
    passed,
    one('2', 'background', 200),
    one('3', 'background', 401),
    one('4', 'load', 200),
    one('5', 'load', 503),
    one('6', 'probe', 200),
    one('7', 'probe', 503),
  ];

  it('shows the newest first, load only where it goes wrong, and nothing that panels ask for their tables', () => {
    expect(shownArrows(traces, 'all').map(({ traceId, to }) => `${traceId.slice(-1)}${to}`)).toEqual([
      '5cart',
      '3cart',
      '2cart',
      '1payment',
      '1auth',
      '1cart',
    ]);
  });

  it('can show the person’s own, those of services, or those that failed', () => {
    expect(shownArrows(traces, 'person')).toEqual(passed);
    expect(shownArrows(traces, 'hops')).toEqual(passed);
    expect(shownArrows(traces, 'refused').map(({ traceId }) => traceId)).toEqual(['5', '3']);
  });

  it('counts requests of the demo’s server as the person’s, and not as a service’s', () => {
    const [theft] = arrowsOf(panelEntry, services);
    const thefts = theft === undefined ? [] : [[theft]];
    expect(shownArrows(thefts, 'person')).toEqual([theft]);
    expect(shownArrows(thefts, 'hops')).toEqual([]);
  });

  it('counts the shown arrows', () => {
    expect(countsOf(shownArrows(traces, 'all'))).toEqual({ passed: 4, refused: 1, failed: 1 });
  });
});
