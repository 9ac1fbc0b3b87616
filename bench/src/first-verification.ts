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
  const signatures = tokens.map(parse);

  const bare: number[] = [];
  const full: number[] = [];
  for (let round = -plan.warmUpRounds; round < plan.rounds; round += 1) {
    signal.throwIfAborted();
    progress.step(round < 0 ? 'warming up' : `round ${round + 1} of ${plan.rounds}`);
    const bareRate = perSecond(signatures.length, verifySignatures(signatures, issuer.signingKey.publicKey));
    const fullRate = perSecond(tokens.length, await verifyTokens(tokens, issuer));
    if (round < 0) continue;
    bare.push(bareRate);
    full.push(fullRate);
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

/** As a service verifies, with an instance that has not seen these tokens: what it remembers would not be verified. */
async function verifyTokens(tokens: readonly string[], { issuer, jwksUri }: TestIssuer): Promise<number> {
  const app = Fastify();
  await app.register(authClient, { issuer, audience: 'cart-service', jwksUri });
  await app.authClient.ready();
  const startedAt = performance.now();
  for (const token of tokens) await app.authClient.verify(token);
  const elapsedMs = performance.now() - startedAt;
  await app.close();
  return elapsedMs;
}

function verifySignatures(signatures: readonly Signed[], key: KeyObject): number {
  const startedAt = performance.now();
  for (const { input, signature } of signatures) {
    if (!verify('sha256', input, key, signature)) throw new Error('A signature did not verify.');
  }
  return performance.now() - startedAt;
}

type Signed = { readonly input: Buffer; readonly signature: Buffer };

function parse(token: string): Signed {
  const dot = token.lastIndexOf('.');
  return {
    input: Buffer.from(token.slice(0, dot)),
    signature: Buffer.from(token.slice(dot + 1), 'base64url'),
  };
}

function perSecond(count: number, elapsedMs: number): number {
  return (count / elapsedMs) * 1000;
}
