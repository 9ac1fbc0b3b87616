import { AuthClientError } from '../errors.ts';
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
import { isScope } from '../token/scope.ts';
import { isServiceIdentity, type ServiceIdentity } from './identity.ts';

export type ServiceClientOptions = {
  /** This service's identity, of createServiceIdentity. The code that created it closes it. */
  identity: ServiceIdentity;
  /** Where tokens are exchanged. `http:` only on a network you trust. */
  tokenEndpoint: string;
  /** The authorization server's identifier: the audience of client assertions. */
  issuer: string;
  /** The services that may be called: each audience and its base URL. Tokens are sent to no other address. */
  services: Readonly<Record<string, string>>;
  /**
   * Whether exchanged tokens are bound to a key of this process (RFC 9449), so that nobody else can use them. 'offered'
   * (the default): if the issuer knows how, and accepts our proofs. 'required': a bearer token is refused. 'off': for
   * called services that do not understand DPoP.
   */
  proofOfPossession?: ProofOfPossession;
  /** How long an exchange may take. Default 2000. */
  exchangeTimeoutMs?: number;
  /** How many exchanged tokens are kept. Default 10000; about 2 KB each. */
  keptTokensMax?: number;
  /** Default one of createFetch. */
  fetch?: typeof globalThis.fetch;
  /** Default the system's clocks. */
  clock?: Clock;
};

export type ProofOfPossession = 'offered' | 'required' | 'off';

export type HopSettings = {
  /** The scopes that the calls need. An empty list requests all scopes that the policy allows this service there. */
  scopes?: readonly string[];
  /** How long a call may take, including exchange, second attempt and body. Default 2000. */
  timeoutMs?: number;
};

export type CheckedServiceClientOptions = Required<ServiceClientOptions>;

const numbers = {
  exchangeTimeoutMs: { standard: 2000, min: 1, max: 60_000 },
  keptTokensMax: { standard: 10_000, min: 1, max: 1_000_000 },
} as const satisfies NumberRanges;

const others = ['identity', 'tokenEndpoint', 'issuer', 'services', 'proofOfPossession', 'fetch', 'clock'];
const known = new Set([...others, ...Object.keys(numbers)]);
const defaultTimeoutMs = 2000;

/**
 * Checks all options and fills in the defaults.
 *
 * @throws AuthClientOptionsError naming every fault
 */
export function checkServiceClientOptions(options: ServiceClientOptions): CheckedServiceClientOptions {
  checkRuntime();
  const given: Record<string, unknown> = { ...options };
  const faults = [
    ...faultsOfNames(given, known),
    ...(isServiceIdentity(given.identity) ? [] : ['identity must be what createServiceIdentity makes']),
    ...['tokenEndpoint', 'issuer'].flatMap((name) =>
      isHttpUrl(given[name]) ? [] : [`${name} must be an http(s) URL`],
    ),
    ...faultsOfServices(given.services),
    ...faultsOfPossession(given.proofOfPossession),
    ...faultsOfNumbers(given, numbers),
    ...faultsOfFetchAndClock(given),
  ];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, 'serviceClient cannot be registered');
  return {
    identity: options.identity,
    tokenEndpoint: options.tokenEndpoint,
    issuer: options.issuer,
    services: { ...options.services },
    proofOfPossession: options.proofOfPossession ?? 'offered',
    exchangeTimeoutMs: options.exchangeTimeoutMs ?? numbers.exchangeTimeoutMs.standard,
    keptTokensMax: options.keptTokensMax ?? numbers.keptTokensMax.standard,
    fetch: options.fetch ?? createFetch(),
    clock: options.clock ?? systemClock,
  };
}

/** @throws AuthClientError invalid_options */
export function checkHopSettings(settings: HopSettings): Required<HopSettings> {
  const { scopes = [], timeoutMs = defaultTimeoutMs, ...rest } = settings;
  const good =
    Object.keys(rest).length === 0 &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === 'string' && isScope(scope)) &&
    Number.isSafeInteger(timeoutMs) &&
    timeoutMs >= 1 &&
    timeoutMs <= 600_000;
  if (!good)
    throw new AuthClientError('invalid_options', 'serviceClient takes scopes and timeoutMs (1 to 600000)');
  return { scopes: [...new Set(scopes)].sort(), timeoutMs };
}

/** The fault of the option that says whether this service's tokens are bound to a key. */
export function faultsOfPossession(given: unknown): string[] {
  return [undefined, 'offered', 'required', 'off'].some((value) => value === given)
    ? []
    : ["proofOfPossession must be 'offered', 'required' or 'off'"];
}

function faultsOfServices(services: unknown): string[] {
  if (typeof services !== 'object' || services === null || Array.isArray(services))
    return ['services must name each audience and its URL'];
  return Object.entries(services).flatMap(([name, url]) =>
    isServiceName(name) && isHttpUrl(url) && !new URL(url).search
      ? []
      : [`services: ${JSON.stringify(name)} must be a service’s name and have an http(s) URL`],
  );
}
