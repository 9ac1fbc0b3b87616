// Not by name: that import would throw on an old Node.js before checkRuntime can say that it is too old.
import buffer from 'node:buffer';
import { boundedBody } from '../runtime/bounded-body.ts';
import { untilAborted } from '../runtime/deadline.ts';
import { parseJsonObject } from '../token/strict-json.ts';
import { type RsaJwk, readJwk } from './json-web-key.ts';

export type FetchedKeySet = {
  keys: RsaJwk[];
  /** For each unusable key of the set, the reason. */
  refused: string[];
  /** The rest of Cache-Control's `max-age`, if the answer has one. */
  maxAgeSeconds: number | undefined;
};

type FetchSource = {
  jwksUri: string;
  fetch: typeof globalThis.fetch;
};

export interface FetchKeySetOptions extends FetchSource {
  timeoutMs: number;
  /** Aborts the request when the service closes. */
  closing: AbortSignal;
}

/** The answer is not a key set, or has no usable key. */
export class KeySetFetchError extends Error {}

const maxBodyBytes = 256 * 1024;
const maxKeys = 64;
const jsonMediaType = /^application\/(?:json|jwk-set\+json)\s*(?:;|$)/i;

/**
 * Fetches the RSA keys of a JWK Set that sign. Leaves out unusable keys, and all keys that share a kid.
 *
 * @throws KeySetFetchError, or what fetch throws
 */
export async function fetchKeySet(options: FetchKeySetOptions): Promise<FetchedKeySet> {
  const { members, maxAgeSeconds } = await fetchJwkSet(options);
  return { ...usableKeys(members), maxAgeSeconds };
}

/** The members of a key set, unchecked. */
export type FetchedJwkSet = { members: readonly unknown[]; maxAgeSeconds: number | undefined };

/**
 * Fetches a JWK Set (RFC 7517 §5) from the configured address: no redirects, only 200 with JSON, at most 256 KB and 64
 * keys, within the timeout.
 *
 * @throws KeySetFetchError, or what fetch throws
 */
export async function fetchJwkSet({
  timeoutMs,
  closing,
  ...from
}: FetchKeySetOptions): Promise<FetchedJwkSet> {
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), closing]);
  // Enforces the timeout even on a fetch that ignores its signal.
  return untilAborted(signal, () => fetchFrom(from, signal));
}

async function fetchFrom({ jwksUri, fetch }: FetchSource, signal: AbortSignal): Promise<FetchedJwkSet> {
  const response = await fetch(jwksUri, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    redirect: 'error',
    signal,
  });
  if (response.status !== 200 || !jsonMediaType.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    throw new KeySetFetchError(`answered ${response.status}, not a JSON key set`);
  }
  const { keys } = parseJsonObject(await boundedText(response));
  if (!Array.isArray(keys) || keys.length > maxKeys) throw new KeySetFetchError('not a JWK Set');
  return { members: keys, maxAgeSeconds: freshForSeconds(response.headers) };
}

async function boundedText(response: Response): Promise<string> {
  const bytes = await boundedBody(response, maxBodyBytes);
  if (!bytes) throw new KeySetFetchError(`longer than ${maxBodyBytes} bytes`);
  if (!buffer.isUtf8(bytes)) throw new KeySetFetchError('not UTF-8');
  return bytes.toString('utf8');
}

function usableKeys(values: readonly unknown[]): { keys: RsaJwk[]; refused: string[] } {
  const keys = new Map<string, RsaJwk>();
  const seen = new Set<string>();
  const refused: string[] = [];
  for (const value of values) {
    const kid = kidOf(value);
    if (kid !== undefined && seen.has(kid)) {
      // It is unclear which of them signs, so neither is trusted.
      keys.delete(kid);
      refused.push('duplicate kid');
      continue;
    }
    if (kid !== undefined) seen.add(kid);
    const key = readJwk(value);
    if ('refused' in key) refused.push(key.refused);
    else keys.set(key.kid, key);
  }
  return { keys: [...keys.values()], refused };
}

function kidOf(value: unknown): string | undefined {
  const kid = typeof value === 'object' && value !== null && 'kid' in value ? value.kid : undefined;
  return typeof kid === 'string' ? kid : undefined;
}

/** The rest of max-age: a cache in between says in `Age` how long it had the answer (RFC 9111 §4.2, §5.1). */
function freshForSeconds(headers: Headers): number | undefined {
  const maxAge = maxAgeOf(headers.get('cache-control'));
  // The first member of a list counts (RFC 9111 §5.1).
  const age = /^\d+(?=\s*(?:,|$))/.exec(headers.get('age') ?? '')?.[0];
  return maxAge === undefined || age === undefined ? maxAge : Math.max(0, maxAge - Number(age));
}

function maxAgeOf(cacheControl: string | null): number | undefined {
  if (cacheControl === null) return undefined;
  // RFC 9111 §5.2.2: with no-store or no-cache the answer is never fresh.
  if (/(?:^|[,\s])no-(?:store|cache)(?:[,\s]|$)/i.test(cacheControl)) return 0;
  const maxAge = /(?:^|[,\s])max-age="?(\d{1,10})"?(?:[,\s]|$)/i.exec(cacheControl)?.[1];
  return maxAge === undefined ? undefined : Number(maxAge);
}
