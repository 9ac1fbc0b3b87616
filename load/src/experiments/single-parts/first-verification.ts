import { fork } from 'node:child_process';
import { on } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ratios } from '../../report/statistics.ts';
import type { Context, SectionResult } from '../../section.ts';
import type { VerificationRound } from './verification-rounds.ts';

const plans = {
  full: { rounds: 25, batches: 20, warmUpRounds: 3 },
  quick: { rounds: 5, batches: 8, warmUpRounds: 1 },
};
const program = fileURLToPath(new URL('./verification-rounds.ts', import.meta.url));

/**
 * Compares the full check of a token that was never seen before with the bare RSA operation that it needs. In a process
 * of its own, as in a service: here the garbage collector would also walk what the other parts hold.
 */
export async function measureFirstVerification({ quick, tell, signal }: Context): Promise<SectionResult> {
  const { rounds, batches, warmUpRounds } = quick ? plans.quick : plans.full;
  tell('signing tokens');
  const child = fork(program, [warmUpRounds + rounds, batches].map(String), { signal });
  const measured: VerificationRound[] = [];
  for await (const [round] of on(child, 'message', { close: ['disconnect'] })) {
    measured.push(round as VerificationRound);
    tell(`round ${measured.length} of ${warmUpRounds + rounds}`);
  }
  const judged = measured.slice(warmUpRounds);
  if (judged.length < rounds) throw new Error('The process that verifies tokens has ended early.');
  const bare = judged.map((round) => round.bare);
  const full = judged.map((round) => round.full);
  return {
    figures: [
      { name: 'first verifications/s of tokens', unit: '1/s', values: full },
      { name: 'bare signature verifications/s', unit: '1/s', values: bare },
      {
        name: 'ratio of first verifications/s',
        against: 'crypto.verify with a KeyObject',
        unit: '',
        values: ratios(full, bare),
      },
    ],
    tables: [],
    plots: [],
    notes: [
      `${judged[0]?.tokens} tokens of ${judged[0]?.characters} characters in each round, in a process of its own, both ways in turn; the bare one has its input decoded already, and a key of 2048 bits.`,
    ],
    invalid: [],
  };
}
