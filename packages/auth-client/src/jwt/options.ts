import { type Clock, systemClock } from '../runtime/clock.ts';
import { createFetch } from '../runtime/fetch.ts';
import { checkRuntime } from '../runtime/node-version.ts';
import {
  AuthClientOptionsError,
  faultsOfFetchAndClock,
  faultsOfNames,
  faultsOfNumbers,
  isHttpUrl,
  isServiceName,
  type NumberRanges,
} from '../runtime/option-checks.ts';

export type JwtVerifierOptions = {
  /**
   * Where the signer publishes its keys: the only address they are fetched from. `http:` only on a network you trust.
   */
  jwksUri: string;
  /** The `iss` that tokens must carry. Without it, `iss` may be missing or anything: checkClaims decides. */
  issuer?: string;
  /** `aud` must be this audience and no other. */
  audience: string;
  /** The types (`typ`) that pass, in lower case and without `application/`; null stands for a token without `typ`. */
  typ: readonly [string | null, ...(string | null)[]];
  /** Upper limit of `exp − iat`. */
  maxLifetimeSeconds: number;
  /** How far ahead of this machine's clock the signer's may be. Default 30. */
  clockSkewSeconds?: number;
  /** How long after `exp` a token still passes, for signers whose clock is behind. Default 0. */
  expiryLeewaySeconds?: number;
  /** Least time between two key fetches caused by tokens. Default 30. */
  cooldownSeconds?: number;
  /** How long keys are used before they are fetched again, and so how long a withdrawn key passes. Default 60. */
  maxStaleSeconds?: number;
  /** How long fetching the keys may take. Default 5000. */
  timeoutMs?: number;
  /** Checks further claims after all other checks. Anything it throws refuses the token; throw JwtError to say why. */
  checkClaims?: (claims: Readonly<Record<string, unknown>>) => void | Promise<void>;
  /** Called when the keys could not be fetched, for the log. */
  onFailed?: (error: unknown) => void;
  /** Fetches the keys. Default one of createFetch. */
  fetch?: typeof globalThis.fetch;
  /** Default the system's clocks. */
  clock?: Clock;
};

type Optional = 'issuer' | 'checkClaims' | 'onFailed';
export type CheckedJwtVerifierOptions = Required<Omit<JwtVerifierOptions, Optional>> &
  Pick<JwtVerifierOptions, Optional>;

const numbers = {
  maxLifetimeSeconds: { standard: undefined, min: 1, max: 86_400 },
  clockSkewSeconds: { standard: 30, min: 0, max: 300 },
  expiryLeewaySeconds: { standard: 0, min: 0, max: 300 },
  cooldownSeconds: { standard: 30, min: 1, max: 3600 },
  maxStaleSeconds: { standard: 60, min: 1, max: 604_800 },
  timeoutMs: { standard: 5000, min: 1, max: 60_000 },
} as const satisfies NumberRanges;

const others = ['jwksUri', 'issuer', 'audience', 'typ', 'checkClaims', 'onFailed', 'fetch', 'clock'];
const known = new Set([...others, ...Object.keys(numbers)]);
const typSyntax = /^[a-z0-9!#$&^_.+-]{1,127}$/;

/**
 * Checks all options and fills in the defaults. None turns a check off.
 *
 * @throws AuthClientOptionsError naming every fault
 */
export function checkJwtOptions(options: JwtVerifierOptions): CheckedJwtVerifierOptions {
  checkRuntime();
  const given: Record<string, unknown> = { ...options };
  const faults = [
    ...faultsOfNames(given, known),
    ...(isHttpUrl(given.jwksUri) ? [] : ['jwksUri must be an http(s) URL']),
    ...(given.issuer === undefined || isServiceName(given.issuer) ? [] : ['issuer must be a name or a URL']),
    ...(isServiceName(given.audience) ? [] : ['audience must be a name or a URL']),
    ...(isTypes(given.typ) ? [] : ['typ must be a list of media types in lower case, or null']),
    ...faultsOfNumbers(given, numbers),
    ...['checkClaims', 'onFailed'].flatMap((name) =>
      given[name] === undefined || typeof given[name] === 'function' ? [] : [`${name} must be a function`],
    ),
    ...faultsOfFetchAndClock(options),
  ];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, 'createJwtVerifier cannot work');
  const { issuer, checkClaims, onFailed } = options;
  return {
    jwksUri: options.jwksUri,
    audience: options.audience,
    typ: options.typ,
    maxLifetimeSeconds: options.maxLifetimeSeconds,
    clockSkewSeconds: options.clockSkewSeconds ?? numbers.clockSkewSeconds.standard,
    expiryLeewaySeconds: options.expiryLeewaySeconds ?? numbers.expiryLeewaySeconds.standard,
    cooldownSeconds: options.cooldownSeconds ?? numbers.cooldownSeconds.standard,
    maxStaleSeconds: options.maxStaleSeconds ?? numbers.maxStaleSeconds.standard,
    timeoutMs: options.timeoutMs ?? numbers.timeoutMs.standard,
    fetch: options.fetch ?? createFetch(),
    clock: options.clock ?? systemClock,
    ...(issuer !== undefined && { issuer }),
    ...(checkClaims && { checkClaims }),
    ...(onFailed && { onFailed }),
  };
}

function isTypes(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((typ) => typ === null || (typeof typ === 'string' && typSyntax.test(typ)))
  );
}
