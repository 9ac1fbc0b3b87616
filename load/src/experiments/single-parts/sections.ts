import type { Context, Section, SectionResult } from '../../section.ts';

type Measure = (context: Context) => Promise<SectionResult>;

/** A section's module is loaded when it runs, because the container of the load tests lacks its dependencies. */
function part(section: Omit<Section, 'run' | 'needsOwnSystem'>, load: () => Promise<Measure>): Section {
  return { ...section, needsOwnSystem: true, run: async (context) => (await load())(context) };
}

/** Single parts of the system, each against the operation that it cannot do without. */
export const singleParts: readonly Section[] = [
  part(
    { name: 'first-verification', title: 'First verification of a token', seconds: { full: 15, quick: 2 } },
    async () => (await import('./first-verification.ts')).measureFirstVerification,
  ),
  part(
    {
      name: 'stored-bytes',
      title: 'Bytes of a session in Redis, and of a revocation in a service',
      seconds: { full: 15, quick: 0 },
    },
    async () => (await import('./stored-bytes.ts')).measureStoredBytes,
  ),
  part(
    { name: 'acting', title: 'Acting for people', seconds: { full: 30, quick: 0 } },
    async () => (await import('./acting.ts')).measureActing,
  ),
  part(
    { name: 'first-paint', title: 'First paint of the page', seconds: { full: 40, quick: 0 } },
    async () => (await import('./first-paint.ts')).measureFirstPaint,
  ),
  part(
    {
      name: 'scale',
      title: 'More people, services and regions, by simulation',
      seconds: { full: 15, quick: 0 },
    },
    async () => (await import('./scale.ts')).simulateScale,
  ),
];
