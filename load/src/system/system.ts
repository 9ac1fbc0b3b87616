import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '@latchkey/dev-stack';
import { byService, services } from '@latchkey/services';
import type { ServiceName } from './http.ts';

export type SystemUnderLoad = {
  readonly urls: Readonly<Record<ServiceName, string>>;
  /** Absent if the system is not ours. Nothing of such a system is restarted, killed or looked into. */
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
 * Finds the running system that the environment names (AUTH_URL, CART_URL, WISHLIST_URL, PAYMENT_URL; all or none). If
 * it names none, starts one on free ports, whose data is deleted when it stops.
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
    // Imported only now, because the packages that start a system are not installed everywhere.
    const { startStack } = await import('@latchkey/dev-stack');
    // Durable, as in production, because a refresh that need not reach the disk would be cheaper.
    const stack = await startStack({
      directory,
      ports: 'random',
      // A key may sign once every service has had time to fetch it. Only 15 s for that, so that a short run can rotate
      // keys.
      env: { auth: { JWKS_MAX_AGE_SECONDS: '10', KEY_SKEW_SECONDS: '5' } },
      signal,
      onProgress: (line) => process.stderr.write(`${line}\n`),
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
