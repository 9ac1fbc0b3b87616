import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, startStack } from '@latchkey/dev-stack';
import type { ServiceName } from './http.ts';

/** A Latchkey to drive. */
export type SystemUnderLoad = {
  readonly urls: Readonly<Record<ServiceName, string>>;
  /** Absent where it is not ours: then nothing of it is restarted, killed or looked into. */
  readonly stack?: Stack;
  stop(): Promise<void>;
};

const variables = {
  auth: 'AUTH_URL',
  cart: 'CART_URL',
  wishlist: 'WISHLIST_URL',
  payment: 'PAYMENT_URL',
} as const;

/**
 * The running system that the environment names (AUTH_URL, CART_URL, WISHLIST_URL, PAYMENT_URL; all or none), or else one
 * of the run's own, on free ports, whose data goes when it stops.
 */
export async function findSystem(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<SystemUnderLoad> {
  const given = Object.entries(variables).filter(([, variable]) => env[variable]);
  if (given.length === 0) return startOwnSystem(signal);
  const missing = Object.values(variables).filter((variable) => !env[variable]);
  if (missing.length > 0) throw new Error(`${missing.join(', ')} not set: name all four services, or none`);
  const urls = Object.fromEntries(given.map(([name, variable]) => [name, env[variable]]));
  return { urls: urls as SystemUnderLoad['urls'], stop: async () => {} };
}

async function startOwnSystem(signal: AbortSignal): Promise<SystemUnderLoad> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-load-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    // Durable, as it would be for people who mean it: a refresh that is not on the disk would be cheaper.
    const stack = await startStack({ directory, ports: 'random', signal });
    const { auth, cart, wishlist, payment } = stack.services;
    return {
      urls: { auth: auth.url, cart: cart.url, wishlist: wishlist.url, payment: payment.url },
      stack,
      stop: () => stack.stop().then(remove),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
