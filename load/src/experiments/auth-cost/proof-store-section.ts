import type { Section } from '../../section.ts';
import { compareRoutes } from './compare-routes.ts';
import type { Way } from './settings.ts';

const stored: readonly Way[] = ['bound-redis', 'bound-postgres'];

/** Compares the memories in which a service can keep which proofs were used. */
export const proofStoreSection: Section = {
  name: 'proof-store',
  title: 'Where used proofs are kept',
  seconds: { full: 80, quick: 0 },
  needsOwnSystem: true,
  async run(context) {
    const plan = { rounds: 5, seconds: 2, warmUpSeconds: 1 };
    const result = await compareRoutes(context, { ways: ['none', 'bound', ...stored], told: stored, plan });
    return {
      ...result,
      notes: [
        ...result.notes,
        'Each person has an ES256 key, and each request a proof that is signed before the round. In memory a proof is good at one replica; a store costs each request one command of Redis or one insert of Postgres, whose CPU time is not in the table.',
      ],
    };
  },
};
