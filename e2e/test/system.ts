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
  /** The directory of its data. */
  directory: string;
  stop(): Promise<void>;
};

/**
 * Starts the whole system, as `npm start` does, on free ports and in its own folder. `env` holds the settings of single
 * services, or a function of their addresses. With `storefront`, the page is served too, and gift-ideas and Example ID
 * run.
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
      giftIdeas: storefront,
      exampleId: storefront,
    });
    return { stack, directory, stop: () => stack.stop().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

type Environments = Awaited<ReturnType<Extract<StackOptions['env'], (...urls: never[]) => unknown>>>;

/** Gives each service long store timeouts, so that it does not take a busy machine for a store that is down. */
function patient(env: Environments): Environments {
  return byService((key) => ({ DATABASE_TIMEOUT_MS: '10000', REDIS_TIMEOUT_MS: '10000', ...env[key] }));
}

/** Secrets of the shared stack, for tests that sign as auth-service or start another payment-service replica. */
export const keyEncryptionKey = randomBytes(32).toString('base64url');
export const fingerprintKey = randomBytes(32).toString('base64url');

/**
 * Vitest's `it` with a stack, which all test files of a worker process share in turn: a start takes 8 s of CPU time.
 * A test that stops a part of it, or changes what others see, must restore it. `cartLink` stands between cart-service
 * and its callers, so that a replica can take its place.
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
      async ({ cart }) => ({
        // A key may sign ten seconds after its publication, rather than ninety. With a shorter time idle services
        // would fetch keys constantly.
        auth: {
          JWKS_MAX_AGE_SECONDS: '5',
          KEY_SKEW_SECONDS: '5',
          KEY_ENCRYPTION_KEY: keyEncryptionKey,
          // So it follows the feed with a bound token, or it would never get ready.
          BOUND_ONLY_SERVICES: 'cart-service',
        },
        cart: { INTERNAL_URLS: [new URL(cartLink.url).origin, cart].join() },
        wishlist: callsCart,
        payment: {
          ...callsCart,
          PROCESSOR_TIMEOUT_MS: '10000',
          FINGERPRINT_KEY: fingerprintKey,
          // Without auth-service payments are soon refused. In these tests that must not be what stops them.
          REVOCATION_MAX_LAG_SECONDS: '3600',
        },
      }),
      { storefront: true },
    );
    onCleanup(() => system.stop());
    await cartLink.restore(system.stack.services.cart.url);
    return system.stack;
  });

/** Signs in the demo account with this role. `scopes` limits the token to those scopes. */
export async function signIn(stack: Stack, role = 'customer', scopes?: readonly string[]): Promise<Tokens> {
  const account = stack.accounts.find(({ roles }) => roles.length === 1 && roles[0] === role);
  if (account === undefined) throw new Error(`no demo account has the role ${role}`);
  return signInAt(stack.services.auth.url, { ...account, scope: scopes?.join(' ') });
}
