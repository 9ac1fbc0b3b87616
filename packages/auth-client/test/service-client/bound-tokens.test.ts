import { createHash } from 'node:crypto';
import { eventually } from '@latchkey/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createClientCredentials,
  createRevocationList,
  followRevocations,
  type ServiceClientOptions,
} from '../../src/index.ts';
import { createProver } from '../../src/testing/index.ts';
import { createTestClock } from '../clock.ts';
import { decoded, segmentsOf } from '../tokens.ts';
import { type Received, type Shop, type ShopOptions, startShop } from './shop.ts';

let shop: Shop;
afterEach(() => shop.close());

async function start(options?: ShopOptions): Promise<Shop> {
  shop = await startShop(options);
  return shop;
}

const settings = { scopes: ['cart:read'] };
const partOf = (token = '', part: 0 | 1 = 1) => JSON.parse(decoded(segmentsOf(token)[part] ?? '').toString());
const tokenOf = ({ authorization }: Received) => authorization.replace(/^DPoP /, '');

describe('a service that calls another one', () => {
  it('gets a token that is bound to its own key, and proves it with every call', async () => {
    const { call, mint, received } = await start();
    const token = mint({ claims: { cnf: undefined } });
    const answer = await call(token, { settings, path: '/cart?size=1' });
    const [first] = received as [Received];
    expect(first.authorization).toMatch(/^DPoP /);
    const { cnf, act } = partOf(tokenOf(first));
    expect(answer.body.body).toMatchObject({ boundTo: cnf.jkt });
    expect(act).toEqual({ sub: 'payment-service' });
    const ath = createHash('sha256').update(tokenOf(first)).digest('base64url');
    expect(partOf(first.proof)).toMatchObject({ htm: 'GET', htu: expect.stringMatching(/\/cart$/), ath });
    expect(partOf(first.proof, 0)).toMatchObject({ typ: 'dpop+jwt', alg: 'ES256' });
  });

  it('never sends a proof twice, with a kept token, at once or after a lost connection', async () => {
    const { call, mint, received, cart } = await start();
    let isLost = true;
    cart.gate = (request) => {
      if (request.method !== 'PUT' || !isLost) return;
      isLost = false;
      request.raw.socket.destroy();
    };
    const token = mint();
    const answers = await Promise.all([
      call(token, { settings }),
      call(token, { settings }),
      call(token, { settings, init: { method: 'PUT' } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const proofs = received.map(({ proof }) => partOf(proof).jti);
    expect(proofs).toHaveLength(4);
    expect(new Set(proofs).size).toBe(4);
    expect(new Set(received.map(tokenOf)).size).toBe(1);
  });

  it('remembers the nonce of a service that wants one: one call is sent twice, the next are not', async () => {
    const { call, mint, received, payment } = await start({ cart: { proofStore: null } });
    const post = { method: 'post', body: 'x', headers: { 'content-type': 'text/plain' } };
    for (const init of [post, {}, {}]) expect((await call(mint(), { settings, init })).status).toBe(200);
    expect(received.map(({ method, proof }) => [method, typeof partOf(proof).nonce])).toEqual([
      ['POST', 'undefined'],
      ['POST', 'string'],
      ['GET', 'string'],
      ['GET', 'string'],
    ]);
    expect(payment.serviceClient.counters[0]).toMatchObject({ exchanges: 1, requests: 4, failures: 0 });
  });

  it('does not ask for ever where every nonce is refused, and says that nothing was done', async () => {
    const { call, mint, received, cart } = await start();
    cart.gate = (_request, reply) =>
      reply
        .code(401)
        .headers({ 'dpop-nonce': `n${received.length}`, 'www-authenticate': 'DPoP error="use_dpop_nonce"' })
        .send({});
    const { error } = await call(mint(), { settings, init: { method: 'POST' } });
    expect(error).toMatchObject({ code: 'hop_failed', outcome: 'refused' });
    expect(received).toHaveLength(4);
  });

  it('makes proofs with a clock that is ten minutes off, by the nonces of both', async () => {
    for (const off of [-600, 600]) {
      // Not that of its identity: an assertion has no nonce, and needs a clock that is right.
      const clock = createTestClock();
      clock.step(off);
      const { call, mint, received, issuer } = await start({ client: { clock } });
      expect((await call(mint(), { settings })).status).toBe(200);
      expect([issuer.tokenRequests, received.length]).toEqual([2, 2]);
      await shop.close();
    }
    await start();
  });

  it('changes to bearer tokens where that is asked for', async () => {
    const { call, mint, received } = await start({ client: { proofOfPossession: 'off' } });
    expect((await call(mint(), { settings })).status).toBe(200);
    expect(received[0]).toMatchObject({ authorization: expect.stringMatching(/^Bearer /), proof: undefined });
  });

  it('takes what an issuer without DPoP gives, unless it requires bound tokens', async () => {
    const withoutProof: ServiceClientOptions['fetch'] = (input, init) => {
      const headers = new Headers(init?.headers);
      if (String(input).endsWith('/token')) headers.delete('dpop');
      return fetch(input, { ...init, headers });
    };
    const { call, mint, received } = await start({ client: { fetch: withoutProof } });
    expect((await call(mint(), { settings })).status).toBe(200);
    expect(received[0]?.authorization).toMatch(/^Bearer /);
    await shop.close();
    await start({ client: { fetch: withoutProof, proofOfPossession: 'required' } });
    const refused = await shop.call(shop.mint(), { settings });
    expect([refused.status, refused.error?.reason]).toEqual([502, 'token exchange: not bound']);
    expect(shop.received).toEqual([]);
  });

  it('takes a bearer token from an issuer that refuses its proofs, unless it requires bound tokens', async () => {
    const prover = createProver();
    const toAnotherUrl: ServiceClientOptions['fetch'] = (input, init) => {
      const headers = new Headers(init?.headers);
      if (String(input).endsWith('/token') && headers.has('dpop'))
        headers.set('dpop', prover.prove({ method: 'POST', url: 'http://auth.internal/token' }));
      return fetch(input, { ...init, headers });
    };
    const { call, mint, received, issuer } = await start({ client: { fetch: toAnotherUrl } });
    expect((await call(mint(), { settings })).status).toBe(200);
    expect(received[0]).toMatchObject({ authorization: expect.stringMatching(/^Bearer /), proof: undefined });
    expect(issuer.tokenRequests).toBe(2);
    await shop.close();
    await start({ client: { fetch: toAnotherUrl, proofOfPossession: 'required' } });
    const refused = await shop.call(shop.mint(), { settings });
    expect([refused.status, refused.error?.reason]).toEqual([502, 'token exchange: invalid_dpop_proof']);
    expect(shop.received).toEqual([]);
  });

  it('is called with a bound token itself, and binds the next one to its own key', async () => {
    const { mint, payment, received, issuer } = await start();
    const prover = createProver();
    const accessToken = mint({ claims: { cnf: { jkt: prover.thumbprint } } });
    const { port } = payment.server.address() as { port: number };
    const url = `http://127.0.0.1:${port}/via`;
    const send = (nonce?: string | undefined) =>
      fetch(url, {
        headers: {
          authorization: `DPoP ${accessToken}`,
          dpop: prover.prove({ method: 'GET', url, accessToken, nonce }),
        },
      });
    const response = await send((await send()).headers.get('dpop-nonce') ?? '');
    expect(response.status).toBe(200);
    const [first] = received as [Received];
    expect(partOf(tokenOf(first)).cnf.jkt).not.toBe(prover.thumbprint);
    expect(issuer.tokenRequests).toBe(1);
  });
});

describe('a stolen token of a service', () => {
  it('is worth nothing: as Bearer, with another key, and with the copied proof', async () => {
    const { call, mint, received } = await start();
    await call(mint(), { settings });
    const [{ authorization, proof, url }] = received as [Received];
    const token = authorization.replace(/^DPoP /, '');
    const target = partOf(proof).htu as string;
    const thief = createProver().prove({ method: 'GET', url: target, accessToken: token });
    const attempts: Record<string, string>[] = [
      { authorization: `Bearer ${token}` },
      { authorization: `Bearer ${token}`, dpop: proof ?? '' },
      { authorization, dpop: thief },
      { authorization, dpop: proof ?? '' },
      { authorization },
    ];
    for (const headers of attempts) expect((await fetch(target, { headers })).status).toBe(401);
    expect(url).toBe('/cart');
  });
});

describe('the feed of revocations', () => {
  it('is read with a bound token, whatever the clock says', async () => {
    const { issuer, payment } = await start();
    const accessToken = createClientCredentials({
      identity: payment.serviceClient.identity,
      issuer: issuer.issuer,
      tokenEndpoint: issuer.tokenEndpoint,
      scopes: ['revocations:read'],
    });
    const own = await accessToken.bound();
    expect(partOf(own.accessToken).cnf).toEqual({ jkt: own.proofs?.thumbprint });
    expect(partOf(await accessToken()).cnf).toBeUndefined();
    const read = (headers: Record<string, string>) => fetch(issuer.revocations.uri, { headers });
    expect((await read({ authorization: `Bearer ${own.accessToken}` })).status).toBe(401);

    const list = createRevocationList({ retentionSeconds: 330 });
    issuer.skew(600);
    const { issuer: iss, jwksUri, revocations } = issuer;
    const follower = followRevocations(list, { issuer: iss, jwksUri, uri: revocations.uri, accessToken });
    await eventually('the list is complete', () => expect(list.hasBeenComplete).toBe(true));
    follower.close();
  });
});
