import { AuthClientError } from '../errors.ts';

/** The first Node.js with everything that this package and Fastify use. package.json says the same. */
const least = { major: 22, minor: 19 };

/**
 * Refuses to start on a Node.js that is too old. Otherwise the failure would come only when keys are fetched, and every
 * token would get 503 for good.
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
