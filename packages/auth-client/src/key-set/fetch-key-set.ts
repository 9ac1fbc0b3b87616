import { isUtf8 } from 'node:buffer';
import { boundedBody } from '../runtime/bounded-body.ts';
import { untilAborted } from '../runtime/deadline.ts';
import { parseJsonObject } from '../token/strict-json.ts';
import { type RsaJwk, readJwk } from './json-web-key.ts';

export interface FetchedKeySet {
  keys: RsaJwk[];
  /** Keys that the set holds and that cannot be used, each by the reason. */
  refused: string[];
  /** What is left of Cache-Control's `max-age`, if the answer has one. */
  maxAgeSeconds: number | undefined;
}

interface FetchSource {
  jwksUri: string;
  fetch: typeof globalThis.fetch;
}

export interface FetchKeySetOptions extends FetchSource {
  timeoutMs: number;
  /** Aborts the request when the service closes. */
  closing: AbortSignal;
}

/** The fetch brought nothing to verify with: not a key set, or not one usable key in it. */
export class KeySetFetchError extends Error {}

const maxBodyBytes = 256 * 1024;
const maxKeys = 64;
const jsonMediaType = /^application\/(?:json|jwk-set\+json)\s*(?:;|$)/i;

/**
 * Fetches a JWK Set (RFC 7517 §5), from the configured address and nowhere else: no redirects, 200 and JSON only, at
 * most 256 KB, within the timeout. Keys that cannot be used are left out; so are all keys that share a kid.
 *
 * @throws KeySetFetchError, or what fetch throws
 */
export async function fetchKeySet({
  timeoutMs,
  closing,
  ...from
}: FetchKeySetOptions): Promise<FetchedKeySet> {
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), closing]);
  // Holds even a fetch that ignores its signal to the timeout.
  return untilAborted(signal, () => fetchFrom(from, signal));
}

async function fetchFrom({ jwksUri, fetch }: FetchSource, signal: AbortSignal): Promise<FetchedKeySet> {
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
  return { ...usableKeys(keys), maxAgeSeconds: freshForSeconds(response.headers) };
}

async function boundedText(response: Response): Promise<string> {
  const bytes = await boundedBody(response, maxBodyBytes);
  if (!bytes) throw new KeySetFetchError(`longer than ${maxBodyBytes} bytes`);
  if (!isUtf8(bytes)) throw new KeySetFetchError('not UTF-8');
  return bytes.toString('utf8');
}

function usableKeys(values: unknown[]): { keys: RsaJwk[]; refused: string[] } {
  const keys = new Map<string, RsaJwk>();
  const seen = new Set<string>();
  const refused: string[] = [];
  for (const value of values) {
    const kid = kidOf(value);
    if (kid !== undefined && seen.has(kid)) {
      // Which of them signs cannot be told, so neither is trusted.
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

/** What is left of max-age: a cache on the way says how long it had the answer (RFC 9111 §4.2, §5.1). */
function freshForSeconds(headers: Headers): number | undefined {
  const maxAge = maxAgeOf(headers.get('cache-control'));
  // Of a list the first counts, as there (§5.1).
  const age = /^\d+(?=\s*(?:,|$))/.exec(headers.get('age') ?? '')?.[0];
  return maxAge === undefined || age === undefined ? maxAge : Math.max(0, maxAge - Number(age));
}

function maxAgeOf(cacheControl: string | null): number | undefined {
  if (cacheControl === null) return undefined;
  // RFC 9111 §5.2.2: what may not be stored, or not be reused without asking, is fresh for no time at all.
  if (/(?:^|[,\s])no-(?:store|cache)(?:[,\s]|$)/i.test(cacheControl)) return 0;
  const maxAge = /(?:^|[,\s])max-age="?(\d{1,10})"?(?:[,\s]|$)/i.exec(cacheControl)?.[1];
  return maxAge === undefined ? undefined : Number(maxAge);
}
