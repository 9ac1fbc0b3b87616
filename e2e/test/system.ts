import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, type StackOptions, startStack } from '@latchkey/dev-stack';
import { signIn as signInAt, type Tokens } from '@latchkey/person';
import { startNetworkLink } from '@latchkey/service-kit/testing';
import { byService } from '@latchkey/services';
import { it as plainIt } from 'vitest';

export type System = {
  stack: Stack;
  /** Where its data is. */
  directory: string;
  stop(): Promise<void>;
};

/**
 * The whole system, as `npm start` brings it up, on free ports and in a folder of its own. `env` are settings of single
 * services, or what is to be made of their addresses;
 * with `storefront`, the page is served too.
 */
export async function startSystem(
  env: NonNullable<StackOptions['env']> = {},
  { storefront = false }: Pick<StackOptions, 'storefront'> = {},
): Promise<System> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-e2e-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const stack = await startStack({
      directory,
      ports: 'random',
      env: async (urls) => patient(typeof env === 'function' ? await env(urls) : env),
      storefront,
    });
    return { stack, directory, stop: () => stack.stop().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

type Environments = Awaited<ReturnType<Extract<StackOptions['env'], (...urls: never[]) => unknown>>>;

/** Gives each service so much time for its stores that a busy machine is not taken for a store that is down. */
function patient(env: Environments): Environments {
  return byService((key) => ({ DATABASE_TIMEOUT_MS: '10000', REDIS_TIMEOUT_MS: '10000', ...env[key] }));
}

/** Secrets of the shared stack, for whoever signs as auth-service does or joins payment-service as one more replica. */
export const keyEncryptionKey = randomBytes(32).toString('base64url');
export const fingerprintKey = randomBytes(32).toString('base64url');

/**
 * As vitest's, with a stack that all test files of a worker process share, one file after the other: a start takes eight
 * seconds of the processor. Whoever stops something of it, or changes what others see, puts it back. `cartLink` is between
 * cart-service and those who call it, so that a replica can take its place.
 *
 * @example
 * it.beforeAll(({ sharedStack }) => {
 *   stack = sharedStack;
 * });
 */
export const it = plainIt
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
  .extend('cartLink', { scope: 'worker' }, async ({}, { onCleanup }) => {
    const link = await startNetworkLink('http://127.0.0.1:1');
    onCleanup(() => link.close());
    return link;
  })
  .extend('sharedStack', { scope: 'worker' }, async ({ cartLink }, { onCleanup }) => {
    const callsCart = { CART_URL: cartLink.url, CART_TIMEOUT_MS: '10000' };
    const system = await startSystem(
      {
        // A key may sign ten seconds after it was published, rather than ninety. Less would cost more: idle services
        // would ask for keys all the time.
        auth: { JWKS_MAX_AGE_SECONDS: '5', KEY_SKEW_SECONDS: '5', KEY_ENCRYPTION_KEY: keyEncryptionKey },
        wishlist: callsCart,
        payment: {
          ...callsCart,
          PROCESSOR_TIMEOUT_MS: '10000',
          FINGERPRINT_KEY: fingerprintKey,
          // Without auth-service payments are refused before long; here that is not to be what stops them.
          REVOCATION_MAX_LAG_SECONDS: '3600',
        },
      },
      { storefront: true },
    );
    onCleanup(() => system.stop());
    await cartLink.restore(system.stack.services.cart.url);
    return system.stack;
  });

/** Signs the demo account of this role in; with `scopes`, for no more than those. */
export async function signIn(stack: Stack, role = 'customer', scopes?: readonly string[]): Promise<Tokens> {
  const account = stack.accounts.find(({ roles }) => roles.length === 1 && roles[0] === role);
  if (account === undefined) throw new Error(`no demo account has the role ${role}`);
  return signInAt(stack.services.auth.url, { ...account, scope: scopes?.join(' ') });
}
