import { eventually } from '@latchkey/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordRequests } from '../../../page/traffic/record-requests.ts';
import { createTraceIds } from '../../../page/traffic/trace-ids.ts';
import { createTrafficStore, type TrafficStore } from '../../../page/traffic/traffic-store.ts';

let store: TrafficStore;
let sent: { url: string; headers: Headers }[];
let answer: () => Response | Promise<Response>;

beforeEach(() => {
  store = createTrafficStore();
  sent = [];
});

const ids = createTraceIds();

function recorded(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const fetch: typeof globalThis.fetch = async (url, options) => {
    sent.push({ url: String(url), headers: new Headers(options?.headers) });
    return answer();
  };
  let now = 0;
  return recordRequests({ fetch, ids, store, now: () => (now += 5) })(input, init);
}

const entry = () => store.snapshot().entries[0];
const refusal = (body: string) => () =>
  new Response(body, { status: 401, headers: { 'content-type': 'application/problem+json' } });

describe('recorded requests', () => {
  it('carry a trace id of this page load', async () => {
    answer = () => new Response('{}');
    await recorded('http://localhost:4001/cart');
    const traceparent = sent[0]?.headers.get('traceparent');
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(traceparent?.slice(3, 19)).toBe(ids.prefix);
    expect(entry()?.request.traceId).toBe(traceparent?.slice(3, 35));
  });

  it('are remembered with their status, times and headers, and the token separately', async () => {
    answer = () => new Response('{}', { headers: { 'x-request-id': 'r1' } });
    await recorded('http://localhost:4001/cart', { headers: { authorization: 'Bearer a.b.c' } });
    expect(entry()).toMatchObject({
      request: { method: 'GET', url: 'http://localhost:4001/cart', token: 'a.b.c', startMs: 5 },
      answer: { status: 200, durationMs: 5, headers: { 'x-request-id': 'r1' } },
    });
    expect(JSON.stringify(entry()?.request.headers)).not.toContain('a.b.c');
  });

  it('show a bound token’s scheme, and neither the token nor the proof of its key', async () => {
    answer = () => new Response('{}');
    const headers = { authorization: 'DPoP a.b.c', dpop: 'd.e.f' };
    await recorded('http://localhost:4001/cart', { headers });
    expect(entry()?.request).toMatchObject({ token: 'a.b.c', proof: 'd.e.f' });
    expect(entry()?.request.headers).toMatchObject({ authorization: 'DPoP $TOKEN', dpop: '$PROOF' });
    expect(sent[0]?.headers.get('dpop')).toBe('d.e.f');
  });

  it('read the problem document, and leave it readable for the caller', async () => {
    answer = refusal('{"code":"invalid_token","reason":"sign_out","detail":"No."}');
    const response = await recorded('http://localhost:4001/cart');
    expect(await response.json()).toHaveProperty('reason', 'sign_out');
    await eventually(`the refusal's reason has been read`, () =>
      expect(entry()?.answer?.problem).toEqual({
        code: 'invalid_token',
        reason: 'sign_out',
        detail: 'No.',
      }),
    );
  });

  it('ignore a problem document that is too long, or that is none', async () => {
    const tooLong = JSON.stringify({ code: 'too_long', detail: 'x'.repeat(20_000) });
    for (const body of [tooLong, '"text"', 'no json']) {
      store.clear();
      answer = refusal(body);
      expect(await (await recorded('http://localhost:4001/cart')).text()).toBe(body);
      // Once the next reason has been read, an earlier one would have been read too.
      answer = refusal('{"code":"next"}');
      await recorded('http://localhost:4001/cart');
      await eventually(`the next refusal's reason has been read`, () =>
        expect(store.snapshot().entries[1]?.answer?.problem?.code).toBe('next'),
      );
      expect(entry()?.answer?.problem).toBeNull();
    }
  });

  it('remember that no answer came, and throw the same error', async () => {
    const fault = new TypeError('Failed to fetch');
    answer = () => Promise.reject(fault);
    await expect(recorded('http://localhost:4001/cart')).rejects.toBe(fault);
    expect(entry()?.answer?.status).toBe(0);
  });

  it('take the purpose from a fragment, and send no fragment', async () => {
    answer = () => new Response('{}');
    await recorded('http://localhost:4001/cart#background');
    expect(entry()?.request.purpose).toBe('background');
    expect(sent[0]?.url).toBe('http://localhost:4001/cart');
  });

  it('hide tokens in what is sent to the demo’s own routes', async () => {
    answer = () => new Response('{}');
    const body = JSON.stringify({ access_token: 'a.b.c', scopes: ['cart:read'] });
    await recorded('http://localhost:3000/demo/permissions', { method: 'PUT', body });
    expect(entry()?.request).toMatchObject({
      body: '{"access_token":"$TOKEN","scopes":["cart:read"]}',
      token: null,
    });
  });

  it.each([
    [
      { username: 'mina', password: 'p-1', card: { number: '4242', cvc: '123' } },
      '{"username":"mina","password":"$PASSWORD","card":{"number":"$CARD_NUMBER","cvc":"$CVC"}}',
    ],
    [{ code: '0-c', code_verifier: 'v' }, '{"code":"$CODE","code_verifier":"$CODE_VERIFIER"}'],
    [{ replaced_key_proof: 'd.e.f' }, '{"replaced_key_proof":"$PROOF"}'],
  ])('hide passwords, codes and card numbers: %j', async (body, masked) => {
    answer = () => new Response('{}');
    await recorded('http://localhost:4000/sessions', { method: 'POST', body: JSON.stringify(body) });
    expect(entry()?.request.body).toBe(masked);
  });
});
