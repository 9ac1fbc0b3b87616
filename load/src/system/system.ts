import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '@latchkey/dev-stack';
import { byService, services } from '@latchkey/services';
import type { ServiceName } from './http.ts';

/** A Latchkey to drive. */
export type SystemUnderLoad = {
  readonly urls: Readonly<Record<ServiceName, string>>;
  /** Absent where it is not ours: then nothing of it is restarted, killed or looked into. */
  readonly stack?: Stack;
  stop(): Promise<void>;
};

const variables = byService((key) => services[key].urlVariable);

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether the environment names a running system, or a part of one. */
export function namesSystem(env: Environment): boolean {
  return Object.values(variables).some((variable) => env[variable]);
}

/**
 * The running system that the environment names (AUTH_URL, CART_URL, WISHLIST_URL, PAYMENT_URL; all or none), or else one
 * of the run's own, on free ports, whose data goes when it stops.
 */
export async function findSystem(env: Environment, signal: AbortSignal): Promise<SystemUnderLoad> {
  if (!namesSystem(env)) return startOwnSystem(signal);
  const missing = Object.values(variables).filter((variable) => !env[variable]);
  if (missing.length > 0) throw new Error(`${missing.join(', ')} not set: name all services, or none`);
  const urls = byService((key) => env[variables[key]]?.replace(/\/+$/, '') ?? '');
  return { urls, stop: async () => {} };
}

async function startOwnSystem(signal: AbortSignal): Promise<SystemUnderLoad> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-load-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    // Only now: where a system runs already, what starts one need not be installed.
    const { startStack } = await import('@latchkey/dev-stack');
    // Durable, as it would be for people who mean it: a refresh that is not on the disk would be cheaper.
    const stack = await startStack({
      directory,
      ports: 'random',
      // A key may sign once every service has had the time to fetch it: 15 s, or keys could not be rotated in a short run.
      env: { auth: { JWKS_MAX_AGE_SECONDS: '10', KEY_SKEW_SECONDS: '5' } },
      signal,
    });
    return {
      urls: byService((key) => stack.services[key].url),
      stack,
      stop: () => stack.stop().then(remove),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
