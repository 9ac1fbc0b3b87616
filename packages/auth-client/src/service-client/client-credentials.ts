import type { AccessTokenSource } from '../revocation/access-token-source.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { createFetch } from '../runtime/fetch.ts';
import { checkRuntime } from '../runtime/node-version.ts';
import {
  AuthClientOptionsError,
  faultsOfNames,
  faultsOfNumbers,
  faultsOfSurroundings,
  isHttpUrl,
} from '../runtime/option-checks.ts';
import { isScope } from '../token/scope.ts';
import { isServiceIdentity, type ServiceIdentity } from './identity.ts';
import { requestToken, usableForMs } from './token-endpoint.ts';

export interface ClientCredentialsOptions {
  /** Who this service is. Whoever made it closes it. */
  identity: ServiceIdentity;
  /** The authorization server's identifier: what client assertions are for. */
  issuer: string;
  /** Where tokens are asked for. `http:` only on a network you trust. */
  tokenEndpoint: string;
  /** What the token must be good for. None asks for all that this service may have in its own name. */
  scopes: readonly string[];
  /** How long the token endpoint may take. Default 2000. */
  timeoutMs?: number;
  /** Default one of createFetch. */
  fetch?: typeof globalThis.fetch;
  /** Default the system's clocks. Only the monotonic one is asked. */
  clock?: Clock;
}

const numbers = { timeoutMs: { standard: 2000, min: 1, max: 60_000 } } as const;
const others = ['identity', 'issuer', 'tokenEndpoint', 'scopes', 'fetch', 'clock'];
const known = new Set([...others, ...Object.keys(numbers)]);

/**
 * Access tokens in this service's own name (client credentials, RFC 6749 §4.4), with which nobody is acted for: such as
 * to follow what has been revoked. Asks for one when one is wanted, once for all who want it, and keeps it until 15 s
 * before it expires (half of its life, if that is shorter). No timer runs.
 *
 * The function's promise rejects when no token can be had; it may be called again at once, and then asks again.
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
    ...faultsOfSurroundings(given),
  ];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, 'client credentials cannot be had');
}
