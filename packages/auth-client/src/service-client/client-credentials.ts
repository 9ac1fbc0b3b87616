import type { AccessTokenSource } from '../revocation/access-token-source.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { createFetch } from '../runtime/fetch.ts';
import { checkRuntime } from '../runtime/node-version.ts';
import {
  AuthClientOptionsError,
  faultsOfFetchAndClock,
  faultsOfNames,
  faultsOfNumbers,
  isHttpUrl,
} from '../runtime/option-checks.ts';
import { isScope } from '../token/scope.ts';
import { isServiceIdentity, type ServiceIdentity } from './identity.ts';
import { requestToken, usableForMs } from './token-endpoint.ts';

export type ClientCredentialsOptions = {
  /** This service's identity. The code that created it closes it. */
  identity: ServiceIdentity;
  /** The authorization server's identifier: the audience of client assertions. */
  issuer: string;
  /** Where tokens are requested. `http:` only on a network you trust. */
  tokenEndpoint: string;
  /** The scopes that the token must have. An empty list requests all scopes of this service's own. */
  scopes: readonly string[];
  /** How long the token endpoint may take. Default 2000. */
  timeoutMs?: number;
  /** Default one of createFetch. */
  fetch?: typeof globalThis.fetch;
  /** Default the system's clocks. Only the monotonic one is used. */
  clock?: Clock;
};

const numbers = { timeoutMs: { standard: 2000, min: 1, max: 60_000 } } as const;
const others = ['identity', 'issuer', 'tokenEndpoint', 'scopes', 'fetch', 'clock'];
const known = new Set([...others, ...Object.keys(numbers)]);

/**
 * Returns a function that gets access tokens in this service's own name (client credentials, RFC 6749 §4.4), for
 * example to follow the revocation feed. It requests a token when it is called, one request for all concurrent callers,
 * and keeps it until 15 s before it expires (for half its life, if that is shorter). No timer runs.
 *
 * The function's promise rejects when the token endpoint gives no token. The next call requests again.
 *
 * @throws AuthClientOptionsError
 * @example
 * const accessToken = createClientCredentials({ identity, issuer, tokenEndpoint, scopes: ['revocations:read'] })
 * await app.register(authClient, { issuer, audience, jwksUri, revocations: { uri, accessToken } })
 */
export function createClientCredentials(options: ClientCredentialsOptions): AccessTokenSource {
  check(options);
  const { identity, issuer, tokenEndpoint, scopes, clock = systemClock } = options;
  const endpoint = {
    identity,
    issuer,
    tokenEndpoint,
    timeoutMs: options.timeoutMs ?? numbers.timeoutMs.standard,
    fetch: options.fetch ?? createFetch(),
  };
  let kept: { accessToken: string; usableUntilMs: number } | undefined;
  let asking: Promise<string> | undefined;

  async function ask(): Promise<string> {
    const askedAtMs = clock.monotonicMs();
    const parameters = { grant_type: 'client_credentials' };
    const issued = await requestToken({ parameters, scopes }, endpoint);
    kept = { accessToken: issued.accessToken, usableUntilMs: askedAtMs + usableForMs(issued) };
    return issued.accessToken;
  }

  return async (refused) => {
    const isGood = kept && kept.accessToken !== refused && clock.monotonicMs() < kept.usableUntilMs;
    if (kept && isGood) return kept.accessToken;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

function check(options: ClientCredentialsOptions): void {
  checkRuntime();
  const given: Record<string, unknown> = { ...options };
  const { scopes } = given;
  const faults = [
    ...faultsOfNames(given, known),
    ...(isServiceIdentity(given.identity) ? [] : ['identity must be what createServiceIdentity makes']),
    ...['issuer', 'tokenEndpoint'].flatMap((name) =>
      isHttpUrl(given[name]) ? [] : [`${name} must be an http(s) URL`],
    ),
    ...(Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string' && isScope(scope))
      ? []
      : ['scopes must be a list of scopes']),
    ...faultsOfNumbers(given, numbers),
    ...faultsOfFetchAndClock(given),
  ];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, 'client credentials cannot be had');
}
