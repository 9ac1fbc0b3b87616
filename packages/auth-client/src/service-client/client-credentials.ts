import { createClientProofs } from '../proof/client-proofs.ts';
import type { AccessTokenSource, OwnToken } from '../revocation/access-token-source.ts';
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
import { faultsOfPossession, type ProofOfPossession } from './options.ts';
import { requestToken, type TokenEndpointOptions, usableForMs } from './token-endpoint.ts';

export type ClientCredentialsOptions = {
  /** This service's identity. The code that created it closes it. */
  identity: ServiceIdentity;
  /** The authorization server's identifier: the audience of client assertions. */
  issuer: string;
  /** Where tokens are requested. `http:` only on a network you trust. */
  tokenEndpoint: string;
  /** The scopes that the token must have. An empty list requests all scopes of this service's own. */
  scopes: readonly string[];
  /**
   * Whether `bound` asks for tokens that are bound to a key of this process (RFC 9449). 'offered' (the default): if the
   * issuer knows how, and accepts our proofs. 'required': a bearer token is refused, also by the function itself. 'off':
   * never.
   */
  proofOfPossession?: ProofOfPossession;
  /** How long the token endpoint may take. Default 2000. */
  timeoutMs?: number;
  /** Default one of createFetch. */
  fetch?: typeof globalThis.fetch;
  /** Default the system's clocks. */
  clock?: Clock;
};

const numbers = { timeoutMs: { standard: 2000, min: 1, max: 60_000 } } as const;
const others = ['identity', 'issuer', 'tokenEndpoint', 'scopes', 'proofOfPossession', 'fetch', 'clock'];
const known = new Set([...others, ...Object.keys(numbers)]);

/**
 * Returns a function that gets access tokens in this service's own name (client credentials, RFC 6749 §4.4), for
 * example to follow the revocation feed. It requests a token when it is called, one request for all concurrent callers,
 * and keeps it until 15 s before it expires (for half its life, if that is shorter). No timer runs.
 *
 * The function itself returns bearer tokens. Its `bound` returns tokens that are bound to a key of this process, together
 * with what proves the key; authClient follows the feed with those.
 *
 * The promises reject when the token endpoint gives no token. The next call requests again.
 *
 * @throws AuthClientOptionsError
 * @example
 * const accessToken = createClientCredentials({ identity, issuer, tokenEndpoint, scopes: ['revocations:read'] })
 * await app.register(authClient, { issuer, audience, jwksUri, revocations: { uri, accessToken } })
 */
export function createClientCredentials(
  options: ClientCredentialsOptions,
): AccessTokenSource & Required<Pick<AccessTokenSource, 'bound'>> {
  check(options);
  const { identity, issuer, tokenEndpoint, scopes, clock = systemClock } = options;
  const { proofOfPossession = 'offered' } = options;
  const endpoint = {
    identity,
    issuer,
    tokenEndpoint,
    timeoutMs: options.timeoutMs ?? numbers.timeoutMs.standard,
    fetch: options.fetch ?? createFetch(),
    isBoundOnly: proofOfPossession === 'required',
  };
  const proofs = proofOfPossession === 'off' ? null : createClientProofs(clock);
  const keep = { scopes, clock };
  const bearer = keptToken({ ...endpoint, proofs: null }, keep);
  const bound = keptToken({ ...endpoint, proofs }, keep);
  return Object.assign(async (refused?: string) => (await bearer(refused)).accessToken, { bound });
}

/** Gets a token when it is called, and keeps it. */
function keptToken(
  endpoint: TokenEndpointOptions,
  { scopes, clock }: { scopes: readonly string[]; clock: Clock },
): (refused?: string) => Promise<OwnToken> {
  let kept: (OwnToken & { usableUntilMs: number }) | undefined;
  let asking: Promise<OwnToken> | undefined;

  async function ask(): Promise<OwnToken> {
    const askedAtMs = clock.monotonicMs();
    const parameters = { grant_type: 'client_credentials' };
    const issued = await requestToken({ parameters, scopes }, endpoint);
    const { accessToken, isBound } = issued;
    kept = {
      accessToken,
      proofs: isBound ? (endpoint.proofs ?? undefined) : undefined,
      usableUntilMs: askedAtMs + usableForMs(issued),
    };
    return kept;
  }

  return async (refused) => {
    const isGood = kept && kept.accessToken !== refused && clock.monotonicMs() < kept.usableUntilMs;
    if (kept && isGood) return kept;
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
    ...faultsOfPossession(given.proofOfPossession),
    ...faultsOfNumbers(given, numbers),
    ...faultsOfFetchAndClock(given),
  ];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, 'client credentials cannot be had');
}
