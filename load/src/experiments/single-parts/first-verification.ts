import { randomBytes, verify } from 'node:crypto';
import { authClient } from '@latchkey/auth-client';
import { createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import Fastify from 'fastify';
import { ratios } from '../../report/statistics.ts';
import type { Context, SectionResult } from '../../section.ts';

const plans = {
  full: { rounds: 25, batches: 20, warmUpRounds: 3 },
  quick: { rounds: 5, batches: 8, warmUpRounds: 1 },
};
const batchSize = 250;

type Signed = { readonly token: string; readonly input: Buffer; readonly signature: Buffer };

/** Compares the full check of a token that was never seen before with the bare RSA operation that it needs. */
export async function measureFirstVerification({ quick, tell, signal }: Context): Promise<SectionResult> {
  const plan = quick ? plans.quick : plans.full;
  const issuer = await createTestIssuer();
  await using _ = { [Symbol.asyncDispose]: () => issuer.close() };
  tell('signing tokens');
  const batches = Array.from({ length: plan.batches }, () =>
    Array.from({ length: batchSize }, () => mintSigned(issuer)),
  );
  const bare: number[] = [];
  const full: number[] = [];
  for (let round = 1 - plan.warmUpRounds; round <= plan.rounds; round += 1) {
    signal.throwIfAborted();
    tell(round < 1 ? 'warming up' : `round ${round} of ${plan.rounds}`);
    const each = await verifyAll(batches, issuer);
    if (round < 1) continue;
    bare.push(each.bare);
    full.push(each.full);
  }
  const against = 'crypto.verify with a KeyObject';
  return {
    figures: [
      { name: 'first verifications/s of tokens', unit: '1/s', values: full },
      { name: 'bare signature verifications/s', unit: '1/s', values: bare },
      { name: 'ratio of first verifications/s', against, unit: '', values: ratios(full, bare) },
    ],
    tables: [],
    plots: [],
    notes: [
      `${plan.batches * batchSize} tokens of ${batches[0]?.[0]?.token.length} characters in each round, in this process, both ways in turn; the bare one has its input decoded already, and a key of 2048 bits.`,
    ],
    invalid: [],
  };
}

/** Makes a token as auth-service issues it to a customer: the same claims, of the same lengths. */
function mintSigned(issuer: TestIssuer): Signed {
  const token = issuer.mint({
    audience: ['auth-service', 'cart-service', 'wishlist-service', 'payment-service'],
    subject: randomBytes(16).toString('base64url'),
    sessionId: `0-${randomBytes(16).toString('base64url')}`,
    clientId: 'storefront',
    scope: 'cart:read cart:write wishlist:read wishlist:write payment:read payment:write',
    claims: { acr: 'urn:latchkey:acr:password' },
  });
  const dot = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  return { token, input: Buffer.from(token.slice(0, dot)), signature };
}

/**
 * Verifications per second, both ways. Each batch is verified both ways, one right after the other. The service has not
 * seen the tokens before, because it does not verify remembered tokens again.
 */
async function verifyAll(batches: readonly Signed[][], { issuer, jwksUri, signingKey }: TestIssuer) {
  const app = Fastify();
  await app.register(authClient, { issuer, audience: 'cart-service', jwksUri, revocations: null });
  await app.authClient.ready();
  let bareMs = 0;
  let fullMs = 0;
  for (const batch of batches) {
    const beganAt = performance.now();
    for (const { input, signature } of batch)
      if (!verify('sha256', input, signingKey.publicKey, signature))
        throw new Error('A signature did not verify.');
    const halfwayAt = performance.now();
    for (const { token } of batch) await app.authClient.verify(token);
    bareMs += halfwayAt - beganAt;
    fullMs += performance.now() - halfwayAt;
  }
  const count = batches.length * batchSize;
  if (app.authClient.verifiedTokens !== count) throw new Error('Not every token was verified anew.');
  await app.close();
  return { bare: (count * 1000) / bareMs, full: (count * 1000) / fullMs };
}
