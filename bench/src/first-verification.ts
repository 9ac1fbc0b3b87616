import { type KeyObject, verify } from 'node:crypto';
import { authClient } from '@latchkey/auth-client';
import { createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import Fastify from 'fastify';
import type { Benchmark, BenchmarkContext, Measurement } from './benchmark.ts';
import { ratios, spreadOf } from './statistics.ts';
import { mintCustomerTokens } from './tokens.ts';

const plans = {
  full: { rounds: 25, tokens: 5_000, warmUpRounds: 3 },
  quick: { rounds: 9, tokens: 3_000, warmUpRounds: 2 },
};

const batchSize = 250;

/** (2) A token that was never seen before: every check on it, against the bare RSA operation that it cannot do without. */
export const firstVerification: Benchmark = {
  name: 'first-verification',
  title: 'First verification of a token',
  seconds: { full: 15, quick: 4 },
  run,
};

async function run({ quick, progress, signal }: BenchmarkContext): Promise<Measurement> {
  const plan = quick ? plans.quick : plans.full;
  const issuer = await createTestIssuer();
  await using _ = { [Symbol.asyncDispose]: () => issuer.close() };
  progress.step(`signing ${plan.tokens} tokens`);
  const tokens = mintCustomerTokens(issuer, plan.tokens);
  const batches = batchesOf(tokens, batchSize).map((batch) => ({
    tokens: batch,
    signatures: batch.map(parse),
  }));

  const bare: number[] = [];
  const full: number[] = [];
  for (let round = 1 - plan.warmUpRounds; round <= plan.rounds; round += 1) {
    signal.throwIfAborted();
    progress.step(round < 1 ? 'warming up' : `round ${round} of ${plan.rounds}`);
    const { bareMs, fullMs } = await verifyAll(batches, issuer);
    if (round < 1) continue;
    bare.push((tokens.length / bareMs) * 1000);
    full.push((tokens.length / fullMs) * 1000);
  }
  const show = (rates: number[]) => Math.round(spreadOf(rates).median).toLocaleString('en');
  return {
    figures: [
      {
        name: 'first verification, tokens/s against bare verify/s',
        values: ratios(full, bare),
        unit: 'ratio',
        bound: { medianAtLeast: 0.5 },
      },
    ],
    details: [
      `every check on a token of ${tokens[0]?.length} characters: ${show(full)}/s`,
      `crypto.verify('sha256', …, KeyObject), 2048 bits, input already decoded: ${show(bare)}/s`,
    ],
  };
}

/**
 * Verifies each batch both ways, one right after the other, so that both meet the same machine. The service is one that
 * has not seen these tokens: what it remembers it would not verify.
 */
async function verifyAll(batches: readonly Batch[], { issuer, jwksUri, signingKey }: TestIssuer) {
  const app = Fastify();
  await app.register(authClient, { issuer, audience: 'cart-service', jwksUri, revocations: null });
  await app.authClient.ready();
  let bareMs = 0;
  let fullMs = 0;
  for (const { tokens, signatures } of batches) {
    const startedAt = performance.now();
    verifySignatures(signatures, signingKey.publicKey);
    const halfwayAt = performance.now();
    for (const token of tokens) await app.authClient.verify(token);
    bareMs += halfwayAt - startedAt;
    fullMs += performance.now() - halfwayAt;
  }
  if (app.authClient.verifiedTokens !== batches.length * batchSize)
    throw new Error('Not every token was verified anew.');
  await app.close();
  return { bareMs, fullMs };
}

function verifySignatures(signatures: readonly Signed[], key: KeyObject): void {
  for (const { input, signature } of signatures) {
    if (!verify('sha256', input, key, signature)) throw new Error('A signature did not verify.');
  }
}

type Signed = { readonly input: Buffer; readonly signature: Buffer };
type Batch = { readonly tokens: readonly string[]; readonly signatures: readonly Signed[] };

function parse(token: string): Signed {
  const dot = token.lastIndexOf('.');
  return {
    input: Buffer.from(token.slice(0, dot)),
    signature: Buffer.from(token.slice(dot + 1), 'base64url'),
  };
}

function batchesOf(tokens: readonly string[], size: number): string[][] {
  return Array.from({ length: tokens.length / size }, (_, index) =>
    tokens.slice(index * size, (index + 1) * size),
  );
}
