import { type Clock, systemClock } from './clock.ts';
import { AuthClientError } from './errors.ts';

export interface AuthClientOptions {
  /** The `iss` that tokens must carry: the issuer's identifier, a URL. Compared as a string. */
  issuer: string;
  /** This service's name: `aud` must contain it. */
  audience: string;
  /** Where the issuer publishes its keys. The only address that is ever asked. `http:` only on a network you trust. */
  jwksUri: string;
  /** The most that `exp − iat` may be. Default 300. */
  maxTokenLifetimeSeconds?: number;
  /** How far ahead of this machine's clock the issuer's may be. Default 30. */
  clockSkewSeconds?: number;
  /** How long fetching the keys may take. Default 5000. */
  jwksTimeoutMs?: number;
  /** Least time between two fetches that tokens with an unknown key cause. Default 30. */
  jwksCooldownSeconds?: number;
  /** How long the keys stay good while the issuer cannot be reached; then 503. Default 3600. */
  jwksMaxStaleSeconds?: number;
  /** How many verified tokens are remembered. Default 10000; about 3 KB each. */
  verifiedTokensMax?: number;
  /** Fetches the keys. Default the global fetch. */
  fetch?: typeof globalThis.fetch;
  /** Default the system's clocks. */
  clock?: Clock;
}

export type CheckedOptions = Required<AuthClientOptions>;

/** Options that the plugin cannot work with; the message names all faults. */
export class AuthClientOptionsError extends AuthClientError {
  constructor(faults: readonly string[]) {
    super('invalid_options', `@latchkey/auth-client cannot be registered: ${faults.join('; ')}`);
  }
}

const numbers = {
  maxTokenLifetimeSeconds: { standard: 300, min: 1, max: 86_400 },
  clockSkewSeconds: { standard: 30, min: 0, max: 300 },
  jwksTimeoutMs: { standard: 5000, min: 1, max: 60_000 },
  jwksCooldownSeconds: { standard: 30, min: 1, max: 3600 },
  jwksMaxStaleSeconds: { standard: 3600, min: 1, max: 604_800 },
  verifiedTokensMax: { standard: 10_000, min: 2, max: 10_000_000 },
} as const;

const known = new Set(['issuer', 'audience', 'jwksUri', 'fetch', 'clock', ...Object.keys(numbers)]);

/**
 * Checks all options and fills in the defaults. There is none that turns a check off; one that is not known is
 * refused, because a misspelt limit would otherwise silently not apply.
 *
 * @throws AuthClientOptionsError naming every fault
 */
export function checkOptions(options: AuthClientOptions): CheckedOptions {
  const faults: string[] = [];
  const given: Record<string, unknown> = { ...options };
  for (const name of Object.keys(given))
    if (!known.has(name)) faults.push(`unknown option ${JSON.stringify(name)}`);
  for (const name of ['issuer', 'jwksUri'])
    if (!isHttpUrl(given[name])) faults.push(`${name} must be an http(s) URL`);
  if (typeof given.audience !== 'string' || !/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(given.audience)) {
    faults.push('audience must be 1 to 255 printable ASCII characters without space, quote or backslash');
  }
  for (const [name, { min, max }] of Object.entries(numbers)) {
    const value = given[name];
    if (
      value !== undefined &&
      !(Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max)
    ) {
      faults.push(`${name} must be a whole number from ${min} to ${max}`);
    }
  }
  if (options.fetch !== undefined && typeof options.fetch !== 'function')
    faults.push('fetch must be a function');
  if (options.clock !== undefined && !isClock(options.clock))
    faults.push('clock must have wallMs() and monotonicMs()');
  if (faults.length > 0) throw new AuthClientOptionsError(faults);
  return {
    issuer: options.issuer,
    audience: options.audience,
    jwksUri: options.jwksUri,
    maxTokenLifetimeSeconds: options.maxTokenLifetimeSeconds ?? numbers.maxTokenLifetimeSeconds.standard,
    clockSkewSeconds: options.clockSkewSeconds ?? numbers.clockSkewSeconds.standard,
    jwksTimeoutMs: options.jwksTimeoutMs ?? numbers.jwksTimeoutMs.standard,
    jwksCooldownSeconds: options.jwksCooldownSeconds ?? numbers.jwksCooldownSeconds.standard,
    jwksMaxStaleSeconds: options.jwksMaxStaleSeconds ?? numbers.jwksMaxStaleSeconds.standard,
    verifiedTokensMax: options.verifiedTokensMax ?? numbers.verifiedTokensMax.standard,
    // Asked for at each call, so that what instruments the global fetch later is used.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    clock: options.clock ?? systemClock,
  };
}

function isHttpUrl(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const url = URL.parse(value);
  return (
    url !== null && ['http:', 'https:'].includes(url.protocol) && !url.username && !url.password && !url.hash
  );
}

function isClock(value: Partial<Clock>): boolean {
  return typeof value?.wallMs === 'function' && typeof value.monotonicMs === 'function';
}
