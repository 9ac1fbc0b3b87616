// Verifies new tokens in both ways, in a process that does nothing else, and sends each round to the process that forked
// it. The arguments: how many rounds, and how many batches in each.
import { randomBytes, verify } from 'node:crypto';
import { authClient } from '@latchkey/auth-client';
import { createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import Fastify from 'fastify';

const batchSize = 250;

/** Verifications per second, of so many tokens with so many characters each. */
export type VerificationRound = {
  readonly bare: number;
  readonly full: number;
  readonly tokens: number;
  readonly characters: number;
};

type Signed = { readonly token: string; readonly input: Buffer; readonly signature: Buffer };

process.once('disconnect', () => process.exit());
const [rounds = 0, batches = 0] = process.argv.slice(2).map(Number);
const issuer = await createTestIssuer();
const signed = Array.from({ length: batches }, () =>
  Array.from({ length: batchSize }, () => mintSigned(issuer)),
);
for (let round = 0; round < rounds; round += 1) process.send?.(await verifyAll(signed, issuer));
await issuer.close();
process.disconnect?.();

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
async function verifyAll(
  batches: readonly Signed[][],
  { issuer, jwksUri, signingKey }: TestIssuer,
): Promise<VerificationRound> {
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
  const tokens = batches.length * batchSize;
  if (app.authClient.verifiedTokens !== tokens) throw new Error('Not every token was verified anew.');
  await app.close();
  const characters = batches[0]?.[0]?.token.length ?? 0;
  return { bare: (tokens * 1000) / bareMs, full: (tokens * 1000) / fullMs, tokens, characters };
}
