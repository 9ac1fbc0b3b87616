import { AuthClientError } from '../errors.ts';

/** The first Node.js with all that this package and Fastify use. package.json says the same. */
const least = { major: 22, minor: 19 };

/**
 * Refuses to begin on a Node.js that is too old. Without this, what it lacks would be met only when keys are fetched, and
 * every token be answered with 503 for good.
 *
 * @throws AuthClientError unsupported_runtime
 */
export function checkRuntime(version: string | undefined = process.versions.node): void {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  if (major > least.major || (major === least.major && minor >= least.minor)) return;
  throw new AuthClientError(
    'unsupported_runtime',
    `@latchkey/auth-client needs Node.js ${least.major}.${least.minor} or newer; this is ${version ?? 'none'}`,
  );
}
