import type { Section } from '../../section.ts';
import { compareRoutes } from './compare-routes.ts';
import type { Way } from './settings.ts';

const ways: readonly Way[] = [
  ...(['none', 'ignored', 'local', 'bound'] as const),
  ...(['revocation', 'introspection', 'session'] as const),
];
const plans = {
  full: { rounds: 7, seconds: 2.5, warmUpSeconds: 2 },
  quick: { rounds: 2, seconds: 0.3, warmUpSeconds: 0.2 },
};

/** Compares the ways to decide whether a request may pass. The same route is behind each, in a server of its own. */
export const costSection: Section = {
  name: 'auth-cost',
  title: 'What auth costs',
  seconds: { full: 190, quick: 16 },
  needsOwnSystem: true,
  async run(context) {
    const plan = context.quick ? plans.quick : plans.full;
    const result = await compareRoutes(context, { ways, told: ways, plan });
    return {
      ...result,
      notes: [
        ...result.notes,
        'A service verifies the signature of a token when the token first comes, and remembers that; each person comes again and again. A request without a check sends no token, because nobody would; what reading a token’s header costs is seen where it is sent and ignored.',
        'A bound token: each person has an ES256 key, and each request a proof that is signed before the round. The service remembers the proofs in its memory.',
        'Revocations held: 300 more come each second, one by one, as from the feed, and after each of them every token is looked up anew.',
        'Introspection: the service signs a client assertion for each request (private_key_jwt), as ours do whenever they ask auth-service; Redis remembers it as used, and looks the session up. Nothing is cached, or it would not be the answer of that moment.',
        'The session in Redis is one GET of some 250 bytes over a kept connection, and JSON.parse; more is asked of a real one, such as to prolong it.',
      ],
    };
  },
};
