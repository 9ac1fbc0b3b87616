import { forThisFile } from '@latchkey/testing';
import { describe, expect, it } from 'vitest';
import type { AuthClientOptions } from '../../src/index.ts';
import {
  createProver,
  createTestIssuer,
  type ProofOverrides,
  type ProofRequest,
  type Prover,
} from '../../src/testing/index.ts';
import { audience, startService } from '../service.ts';

const issuer = await forThisFile(createTestIssuer({ audience }));
const start = async (options: Partial<AuthClientOptions> = {}) =>
  forThisFile(startService(issuer, { options }));
const service = await start();
const prover = createProver();

const bound = (to: Prover = prover) =>
  issuer.mint({ scope: 'cart:read', claims: { cnf: { jkt: to.thumbprint } } });

type Sent = { proof?: string; scheme?: string; token: string };

const send = (at: { url: string }, { token, proof, scheme = 'DPoP' }: Sent) =>
  fetch(`${at.url}/cart`, {
    headers: { authorization: `${scheme} ${token}`, ...(proof !== undefined && { dpop: proof }) },
  });

/** Sends a request with a proof, and once more with the nonce that the service asks for. */
async function prove(
  at: { url: string },
  token: string,
  {
    by = prover,
    request = {},
    overrides,
  }: { by?: Prover; request?: Partial<ProofRequest>; overrides?: ProofOverrides } = {},
) {
  const of = (nonce?: string | undefined) =>
    by.prove({ method: 'GET', url: `${at.url}/cart`, accessToken: token, nonce, ...request }, overrides);
  const first = await send(at, { token, proof: of() });
  const nonce = first.headers.get('dpop-nonce') ?? undefined;
  if (first.status !== 401 || nonce === undefined) return { response: first, proof: of() };
  const proof = of(nonce);
  return { response: await send(at, { token, proof }), proof };
}

const verdict = async (response: Response) => {
  const { code } = response.ok ? { code: 'admitted' } : ((await response.json()) as { code: string });
  return code;
};

describe('a token that is bound to a key', () => {
  it('is admitted with a proof of that key, and gets the next nonce', async () => {
    const { response } = await prove(service, bound());
    expect(response.status).toBe(200);
    expect(response.headers.get('dpop-nonce')).toMatch(/^[\w-]{22}$/);
  });

  it('is refused as Bearer, with and without a proof, so that a copied one is worth nothing', async () => {
    const token = bound();
    const { proof } = await prove(service, token);
    for (const more of [{}, { proof }]) {
      const response = await send(service, { token, scheme: 'Bearer', ...more });
      expect([response.status, await verdict(response)]).toEqual([401, 'invalid_token']);
    }
  });

  it('is refused without a proof, and told how', async () => {
    const response = await send(service, { token: bound() });
    expect(await verdict(response)).toBe('invalid_dpop_proof');
    expect(response.headers.get('www-authenticate')).toMatch(/^DPoP .*algs="ES256 EdDSA RS256", Bearer$/);
  });

  it.each<[string, Parameters<typeof prove>[2]]>([
    ['of another key', { by: createProver() }],
    ['for another route', { request: { url: `${service.url}/account` } }],
    ['for another service', { request: { url: 'http://wishlist.example/cart' } }],
    ['for another method', { request: { method: 'POST' } }],
    ['for another token', { request: { accessToken: bound() } }],
    ['for no token', { request: { accessToken: undefined } }],
  ])('is refused with a proof %s', async (_, how) => {
    expect(await verdict((await prove(service, bound(), how)).response)).toBe('invalid_dpop_proof');
  });

  it('is refused with a proof that was used, and accepted with the next one', async () => {
    const token = bound();
    const { proof } = await prove(service, token);
    expect(await verdict(await send(service, { token, proof }))).toBe('invalid_dpop_proof');
    expect((await prove(service, token)).response.status).toBe(200);
  });

  it('works for a client whose clock is ten minutes off', async () => {
    for (const off of [-600, 600]) {
      const overrides = { claims: { iat: Math.floor(Date.now() / 1000) + off } };
      expect((await prove(service, bound(), { overrides })).response.status).toBe(200);
    }
  });

  it('is refused where no proof comes with it', async () => {
    await expect(service.app.authClient.verify(bound())).rejects.toMatchObject({ code: 'invalid_token' });
  });

  it.each([
    ['by a certificate', { 'x5t#S256': 'x'.repeat(43) }],
    ['in two ways', { jkt: prover.thumbprint, 'x5t#S256': 'x'.repeat(43) }],
    ['by a key that is written out', { jwk: {} }],
    ['by a thumbprint that is none', { jkt: 'x' }],
    ['by nothing', {}],
    ['by text', 'x'],
    ['by null', null],
  ])('%s, which we cannot check, is refused', async (_, cnf) => {
    const token = issuer.mint({ scope: 'cart:read', claims: { cnf } });
    for (const scheme of ['Bearer', 'DPoP'])
      expect(await verdict(await send(service, { token, scheme }))).toBe('invalid_token');
  });
});

describe('a bearer token', () => {
  it('is admitted as before, and refused as DPoP, which would look as if it were bound', async () => {
    const token = issuer.mint({ scope: 'cart:read' });
    expect((await send(service, { token, scheme: 'Bearer' })).status).toBe(200);
    expect(await verdict((await prove(service, token)).response)).toBe('invalid_token');
  });

  it('is refused where a proof is required', async () => {
    const strict = await start({ proofOfPossession: 'required' });
    const response = await send(strict, { token: issuer.mint({ scope: 'cart:read' }), scheme: 'Bearer' });
    expect(await verdict(response)).toBe('invalid_token');
    expect(response.headers.get('www-authenticate')).toMatch(/^DPoP realm="cart-service", error=/);
    expect((await prove(strict, bound())).response.status).toBe(200);
  });
});

describe('a second replica', () => {
  it('does not accept a proof that the first one accepted', async () => {
    const url = 'https://cart.example';
    const [one, other] = [await start({ resource: { url } }), await start({ resource: { url } })];
    const token = bound();
    const request = { url: `${url}/cart` };
    const { proof, response } = await prove(one, token, { request });
    expect(response.status).toBe(200);
    expect(await verdict(await send(other, { token, proof }))).toBe('use_dpop_nonce');
    expect((await prove(other, token, { request })).response.status).toBe(200);
  });

  it('that shares a store does not either, and clients need no nonce', async () => {
    const used = new Set<string>();
    const proofStore = { use: async (id: string) => !used.has(id) && Boolean(used.add(id)) };
    const url = 'https://cart.example';
    const shared = { proofStore, resource: { url } };
    const [one, other] = [await start(shared), await start(shared)];
    const token = bound();
    const proof = prover.prove({ method: 'GET', url: `${url}/cart`, accessToken: token });
    expect((await send(one, { token, proof })).status).toBe(200);
    expect(await verdict(await send(other, { token, proof }))).toBe('invalid_dpop_proof');
  });

  it('whose store is away answers 503, and never admits', async () => {
    const proofStore = { use: () => Promise.reject(new Error('away')) };
    const broken = await start({ proofStore });
    const token = bound();
    const proof = prover.prove({ method: 'GET', url: `${broken.url}/cart`, accessToken: token });
    const response = await send(broken, { token, proof });
    expect([response.status, await verdict(response)]).toEqual([503, 'proof_store_unavailable']);
    expect(response.headers.get('retry-after')).toBe('1');
  });
});
