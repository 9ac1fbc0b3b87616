import type { TokenDecryption } from '../key-set/token-decryption.ts';
import type { ProofStore } from '../proof/proof-replays.ts';
import type { AccessTokenSource } from '../revocation/access-token-source.ts';
import type { RevocationList } from '../revocation/revocation-list.ts';
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
import { isAge } from './requirements.ts';

/** The issuer's live feed of revocations. */
export type RevocationFeed = {
  /** The only address from which revocations are read. `http:` only on a network you trust. */
  uri: string;
  /** Returns a token that may read the feed; called whenever one is needed. See createClientCredentials. */
  accessToken: AccessTokenSource;
  /**
   * The greatest allowed age of the revocation list, in seconds, for routes that set no limit of their own. Beyond it
   * requests get 503 revocations_stale. Default null: no limit; a token revoked meanwhile passes until it expires.
   */
  maxLagSeconds?: number | null;
};

export type ProtectedResource = {
  /** Its URL as clients call it, without a query and a fragment. */
  url: string;
  /** The scopes that it understands; for its metadata. */
  scopes?: readonly string[];
  /** Where it publishes its keys, such as the one to which its tokens are encrypted; for its metadata. */
  jwksUri?: string;
};

export type AuthClientOptions = {
  /** The `iss` that tokens must carry: the issuer's identifier, a URL. Compared as a string. */
  issuer: string;
  /** This service's name: `aud` must contain it. */
  audience: string;
  /**
   * Where the issuer publishes its keys: the only address they are fetched from. `http:` only on a network you trust.
   */
  jwksUri: string;
  /**
   * Where this service gets revocations: the issuer's feed, or a list kept in this process. There is no default.
   * Null: it gets none, and every token is good until it expires.
   */
  revocations: RevocationFeed | RevocationList | null;
  /**
   * This service as clients know it. With it the service publishes its metadata (RFC 9728), and each challenge names
   * that document, so that a client which knows only this service finds the issuer. Default null: it does neither.
   */
  resource?: ProtectedResource | null;
  /**
   * This service's base URL as clients call it, or all of them, with which the proofs of bound tokens are compared.
   * A proxy may remove its path or leave it. Default `resource.url`, and without that what each request says: then who
   * gets a proof that was made for another host can send it here with that host's name.
   */
  url?: string | readonly string[] | null;
  /**
   * 'required': only tokens that are bound to a key (RFC 9449) are accepted, so a stolen one is worth nothing. Default
   * 'accepted': bearer tokens are too. A bound token as Bearer is refused in both cases.
   */
  proofOfPossession?: 'accepted' | 'required';
  /**
   * Where the replicas of this service keep which proofs were used, so that each is accepted once by all of them: see
   * createRedisProofStore and createPostgresProofStore. Default null: each replica accepts only proofs with a nonce of its
   * own, so none is accepted twice either; a client that comes to another replica is sent back for that one's nonce.
   */
  proofStore?: ProofStore | null;
  /**
   * Opens access tokens that are encrypted to this service: `decryption` of its identity, whose `decryptionKeys` it has.
   * Default null: encrypted tokens are refused.
   */
  decryption?: TokenDecryption | null;
  /**
   * 'required': only encrypted tokens are accepted, so that none whose claims anybody could read is in use. Default
   * 'accepted': signed tokens that are not encrypted are too.
   */
  encryptedTokens?: 'accepted' | 'required';
  /** Upper limit of `exp − iat`. Default 300. */
  maxTokenLifetimeSeconds?: number;
  /** How far ahead of this machine's clock the issuer's may be. Default 30. */
  clockSkewSeconds?: number;
  /** How long fetching the keys may take. Default 5000. */
  jwksTimeoutMs?: number;
  /** Least time between two fetches caused by tokens with an unknown key. Default 30. */
  jwksCooldownSeconds?: number;
  /** How long the keys stay good while the issuer cannot be reached; then 503. Default 3600. */
  jwksMaxStaleSeconds?: number;
  /** How many verified tokens are cached. Default 10000; about 3 KB each. */
  verifiedTokensMax?: number;
  /** Fetches the keys. Default one of createFetch. */
  fetch?: typeof globalThis.fetch;
  /** Default the system's clocks. */
  clock?: Clock;
};

export type CheckedOptions = Required<Omit<AuthClientOptions, 'url'>> & {
  /** Without a slash at the end. Empty: what each request says. */
  url: readonly string[];
};

const numbers = {
  maxTokenLifetimeSeconds: { standard: 300, min: 1, max: 86_400 },
  clockSkewSeconds: { standard: 30, min: 0, max: 300 },
  jwksTimeoutMs: { standard: 5000, min: 1, max: 60_000 },
  jwksCooldownSeconds: { standard: 30, min: 1, max: 3600 },
  jwksMaxStaleSeconds: { standard: 3600, min: 1, max: 604_800 },
  verifiedTokensMax: { standard: 10_000, min: 2, max: 10_000_000 },
} as const satisfies NumberRanges;

const others = [
  ...['issuer', 'audience', 'jwksUri', 'revocations', 'resource', 'fetch', 'clock'],
  ...['proofOfPossession', 'proofStore', 'url', 'decryption', 'encryptedTokens'],
];
const known = new Set([...others, ...Object.keys(numbers)]);
const knownOfFeed = new Set(['uri', 'accessToken', 'maxLagSeconds']);

/**
 * Checks all options and fills in the defaults. No option turns a check off. Unknown options are refused, because a
 * misspelt limit would otherwise silently not apply.
 *
 * @throws AuthClientOptionsError naming every fault
 */
export function checkOptions(options: AuthClientOptions): CheckedOptions {
  checkRuntime();
  const given: Record<string, unknown> = { ...options };
  const faults = faultsOfNames(given, known);
  for (const name of ['issuer', 'jwksUri'])
    if (!isHttpUrl(given[name])) faults.push(`${name} must be an http(s) URL`);
  if (!isServiceName(given.audience))
    faults.push('audience must be 1 to 255 printable ASCII characters without space, quote or backslash');
  const urls = urlsOf(options);
  if (!urls.every(isHttpUrl)) faults.push('url must be an http(s) URL, a list of them, or null');
  if (!['accepted', 'required', undefined].includes(options.proofOfPossession))
    faults.push("proofOfPossession must be 'accepted' or 'required'");
  if (options.proofStore != null && typeof options.proofStore.use !== 'function')
    faults.push('proofStore must have a function use, or be null');
  if (options.decryption != null && typeof options.decryption.open !== 'function')
    faults.push('decryption must be that of a service’s identity, or null');
  if (!['accepted', 'required', undefined].includes(options.encryptedTokens))
    faults.push("encryptedTokens must be 'accepted' or 'required'");
  if (options.encryptedTokens === 'required' && options.decryption == null)
    faults.push("encryptedTokens 'required' needs decryption");
  faults.push(...faultsOfRevocations(given.revocations), ...faultsOfResource(options.resource ?? null));
  faults.push(...faultsOfNumbers(given, numbers), ...faultsOfFetchAndClock({ ...options }));
  if (faults.length > 0) throw new AuthClientOptionsError(faults);
  return {
    issuer: options.issuer,
    audience: options.audience,
    jwksUri: options.jwksUri,
    revocations: options.revocations,
    resource: options.resource ?? null,
    url: urls.map((url) => url.replace(/\/$/, '')),
    proofOfPossession: options.proofOfPossession ?? 'accepted',
    proofStore: options.proofStore ?? null,
    decryption: options.decryption ?? null,
    encryptedTokens: options.encryptedTokens ?? 'accepted',
    maxTokenLifetimeSeconds: options.maxTokenLifetimeSeconds ?? numbers.maxTokenLifetimeSeconds.standard,
    clockSkewSeconds: options.clockSkewSeconds ?? numbers.clockSkewSeconds.standard,
    jwksTimeoutMs: options.jwksTimeoutMs ?? numbers.jwksTimeoutMs.standard,
    jwksCooldownSeconds: options.jwksCooldownSeconds ?? numbers.jwksCooldownSeconds.standard,
    jwksMaxStaleSeconds: options.jwksMaxStaleSeconds ?? numbers.jwksMaxStaleSeconds.standard,
    verifiedTokensMax: options.verifiedTokensMax ?? numbers.verifiedTokensMax.standard,
    fetch: options.fetch ?? createFetch(),
    clock: options.clock ?? systemClock,
  };
}

function urlsOf({ url, resource }: AuthClientOptions): readonly string[] {
  const own = url ?? resource?.url ?? [];
  return typeof own === 'object' ? own : [own];
}

/** The feed, if that is the source of revocations. */
export function feedOf({ revocations }: Pick<AuthClientOptions, 'revocations'>): RevocationFeed | undefined {
  return revocations === null || isRevocationList(revocations) ? undefined : revocations;
}

/** Tells a list kept in this process from a feed's address. */
export function isRevocationList(value: object): value is RevocationList {
  const list = value as Partial<RevocationList>;
  return [list.find, list.apply, list.confirm, list.onRevoked, list.ready].every(
    (method) => typeof method === 'function',
  );
}

function faultsOfResource(resource: ProtectedResource | null): string[] {
  if (resource === null) return [];
  const { url, scopes = [], jwksUri } = resource;
  const isUrl = isHttpUrl(url) && !/[?#]/.test(url);
  return [
    ...(isUrl ? [] : ['resource.url must be an http(s) URL without a query and a fragment']),
    ...(jwksUri === undefined || isHttpUrl(jwksUri) ? [] : ['resource.jwksUri must be an http(s) URL']),
    ...(Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string' && isScope(scope))
      ? []
      : ['resource.scopes must be scopes, spelled as in RFC 6749 §3.3']),
  ];
}

function faultsOfRevocations(given: unknown): string[] {
  if (given === null) return [];
  if (typeof given !== 'object' || Array.isArray(given)) {
    return [
      'revocations must be { uri, accessToken }, a list of revocations, or null if this service gets none',
    ];
  }
  if (isRevocationList(given)) return [];
  const { uri, accessToken, maxLagSeconds = null }: Partial<Record<string, unknown>> = { ...given };
  return [
    ...faultsOfNames(given, knownOfFeed).map((fault) => `revocations: ${fault}`),
    ...(isHttpUrl(uri) ? [] : ['revocations.uri must be an http(s) URL']),
    ...(typeof accessToken === 'function' ? [] : ['revocations.accessToken must be a function']),
    ...(maxLagSeconds === null || isAge(maxLagSeconds)
      ? []
      : ['revocations.maxLagSeconds must be a whole number of seconds, 1 or more, or null']),
  ];
}
