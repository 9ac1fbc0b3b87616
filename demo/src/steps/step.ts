import type { Tokens } from '@latchkey/person';
import type { Narrator } from '../narrator.ts';
import type { ServiceName, Shop } from '../shop.ts';

export type DemoAccount = {
  readonly username: string;
  readonly password: string;
  readonly roles: readonly string[];
};

export type Stage = {
  readonly tell: Narrator;
  readonly shop: Shop;
  /** The demo account that has this role alone. */
  readonly account: (role: 'customer' | 'viewer' | 'admin') => DemoAccount;
  /** Where browsers reach gift-ideas; undefined where it does not run. */
  readonly giftIdeas: string | undefined;
  /** Absent where the demo may not stop auth-service. */
  readonly auth?: { stop(): Promise<void>; start(): Promise<void> };
  /** From now on tokens for this service alone are encrypted to its key; null: none. Absent where the demo cannot do so. */
  readonly encryptTokensFor?: (service: 'payment' | null) => Promise<void>;
  /** Maximum age of a sign-in for a large payment, in seconds; absent where the demo cannot wait that long. */
  readonly stepUpAfterSeconds?: number;
  /**
   * Turns auth-service's clock ahead by so many seconds. The other services keep their time, so nothing else works after
   * it. Absent where the demo may not.
   */
  readonly turnClock?: (seconds: number) => Promise<void>;
  /** Everything that a service has logged; absent where the demo cannot read it. */
  readonly logs?: (service: ServiceName) => string;
};

/** The customer's session, and the refresh token of it that a thief copied. */
export type Customer = { tokens: Tokens; stolen?: { refreshToken: string; at: number } };
