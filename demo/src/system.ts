import { byService, services } from '@latchkey/services';
import type { ServiceName, Urls } from './shop.ts';
import type { DemoAccount } from './steps/step.ts';

/** The system that the demo runs against. */
export type System = {
  readonly urls: Urls;
  readonly accounts: readonly DemoAccount[];
  /** Where browsers reach gift-ideas; undefined where it does not run. */
  readonly giftIdeas: string | undefined;
  /** Absent where the demo may not stop and start auth-service. */
  readonly auth?: { stop(): Promise<void>; start(): Promise<void> };
  /** From now on tokens for this service alone are encrypted to its key; null: none. Absent where the demo cannot do so. */
  readonly encryptTokensFor?: (service: 'payment' | null) => Promise<void>;
  /** Maximum age of a sign-in for a large payment, in seconds; absent where the demo cannot wait that long. */
  readonly stepUpAfterSeconds?: number;
  /** Turns auth-service's clock ahead by so many seconds; absent where the demo may not. */
  readonly turnClock?: (seconds: number) => Promise<void>;
  /** Everything that a service has logged; absent where the demo cannot read it. */
  readonly logs?: (service: ServiceName) => string;
  stop(): Promise<void>;
};

const variables = byService((key) => services[key].urlVariable);

/**
 * Uses the running system that the environment names (AUTH_URL, CART_URL, WISHLIST_URL, PAYMENT_URL: all or none; and
 * GIFT_IDEAS_URL, where that runs). That system must have the demo accounts. Without these variables, starts a separate
 * system, unless `signal` is aborted before it is ready.
 */
export async function findSystem(
  env: NodeJS.ProcessEnv,
  { signal }: { signal: AbortSignal },
): Promise<System> {
  const missing = Object.values(variables).filter((variable) => !env[variable]);
  if (missing.length === Object.keys(variables).length) {
    // Imported only here: the container that runs the demo against a running system lacks Postgres and Redis.
    const { startOwnSystem } = await import('./own-system.ts');
    return startOwnSystem(signal);
  }
  const { demoAccounts } = await import('@latchkey/dev-stack/demo-accounts');
  if (missing.length > 0) throw new Error(`${missing.join(', ')} not set: name all services, or none`);
  const urls = byService((key) => env[variables[key]]?.replace(/\/+$/, '') ?? '');
  const giftIdeas = env['GIFT_IDEAS_URL']?.replace(/\/+$/, '') || undefined;
  return { urls, accounts: demoAccounts, giftIdeas, stop: async () => {} };
}
