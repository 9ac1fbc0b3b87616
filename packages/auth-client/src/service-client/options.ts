import { type Clock, systemClock } from '../clock.ts';
import { AuthClientError } from '../errors.ts';
import {
  AuthClientOptionsError,
  faultsOfNames,
  faultsOfNumbers,
  faultsOfSurroundings,
  isHttpUrl,
  isServiceName,
  type NumberRanges,
} from '../option-checks.ts';
import { isScope } from '../scope.ts';
import type { IdentityStore } from './identity-store.ts';

export interface ServiceClientOptions {
  /** This service's name, as the authorization server knows it. */
  clientId: string;
  /** Where tokens are exchanged. `http:` only on a network you trust. */
  tokenEndpoint: string;
  /** The authorization server's identifier: what client assertions are for. */
  issuer: string;
  /** The services that may be called: each audience, and its base URL. Tokens are sent to no other address. */
  services: Readonly<Record<string, string>>;
  /** Where the replicas of this service keep their public keys. Default this process's memory: enough for one replica. */
  identityStore?: IdentityStore;
  /** How long one key of this service signs. Default 24. */
  keyRotationHours?: number;
  /** How long an exchange may take. Default 2000. */
  exchangeTimeoutMs?: number;
  /** How many exchanged tokens are kept. Default 10000; about 2 KB each. */
  keptTokensMax?: number;
  /** Default the global fetch. */
  fetch?: typeof globalThis.fetch;
  /** Default the system's clocks. */
  clock?: Clock;
}

export interface HopSettings {
  /** The scopes that the calls need. None asks for all that this service may ever have there. */
  scopes?: readonly string[];
  /** How long a call may take, exchange, second attempt and body included. Default 2000. */
  timeoutMs?: number;
}

export type CheckedServiceClientOptions = Required<Omit<ServiceClientOptions, 'identityStore'>> &
  Pick<ServiceClientOptions, 'identityStore'>;

const numbers = {
  keyRotationHours: { standard: 24, min: 1, max: 8760 },
  exchangeTimeoutMs: { standard: 2000, min: 1, max: 60_000 },
  keptTokensMax: { standard: 10_000, min: 1, max: 1_000_000 },
} as const satisfies NumberRanges;

const others = ['clientId', 'tokenEndpoint', 'issuer', 'services', 'identityStore', 'fetch', 'clock'];
const known = new Set([...others, ...Object.keys(numbers)]);
const defaultTimeoutMs = 2000;

/**
 * Checks all options and fills in the defaults.
 *
 * @throws AuthClientOptionsError naming every fault
 */
export function checkServiceClientOptions(options: ServiceClientOptions): CheckedServiceClientOptions {
  const given: Record<string, unknown> = { ...options };
  const faults = [
    ...faultsOfNames(given, known),
    ...(isServiceName(given.clientId) ? [] : ['clientId must be a service’s name']),
    ...['tokenEndpoint', 'issuer'].flatMap((name) =>
      isHttpUrl(given[name]) ? [] : [`${name} must be an http(s) URL`],
    ),
    ...faultsOfServices(given.services),
    ...(given.identityStore === undefined || isStore(given.identityStore)
      ? []
      : ['identityStore must have put() and list()']),
    ...faultsOfNumbers(given, numbers),
    ...faultsOfSurroundings(given),
  ];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, 'serviceClient cannot be registered');
  const { identityStore } = options;
  return {
    clientId: options.clientId,
    tokenEndpoint: options.tokenEndpoint,
    issuer: options.issuer,
    services: { ...options.services },
    keyRotationHours: options.keyRotationHours ?? numbers.keyRotationHours.standard,
    exchangeTimeoutMs: options.exchangeTimeoutMs ?? numbers.exchangeTimeoutMs.standard,
    keptTokensMax: options.keptTokensMax ?? numbers.keptTokensMax.standard,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    clock: options.clock ?? systemClock,
    ...(identityStore && { identityStore }),
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

function faultsOfServices(services: unknown): string[] {
  if (typeof services !== 'object' || services === null || Array.isArray(services))
    return ['services must name each audience and its URL'];
  return Object.entries(services).flatMap(([name, url]) =>
    isServiceName(name) && isHttpUrl(url) && !new URL(url).search
      ? []
      : [`services: ${JSON.stringify(name)} must be a service’s name and have an http(s) URL`],
  );
}

function isStore(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { put, list } = value as Partial<IdentityStore>;
  return typeof put === 'function' && typeof list === 'function';
}
