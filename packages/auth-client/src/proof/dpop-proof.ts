// Not by name: that import would throw on an old Node.js before checkRuntime can say that it is too old.
import crypto from 'node:crypto';
import { AuthError } from '../errors.ts';
import { bytesOf, segmentsOf, typeOf, utf8 } from '../token/compact-segments.ts';
import { parseJsonObject, StrictJsonError } from '../token/strict-json.ts';
import { type ProofKey, readProofKey } from './proof-key.ts';

/** A proof has a header with a key, and a few short claims. */
const maxProofLength = 4096;
const maxTextLength = 256;

/** What a proof must be about. */
export type ExpectedProof = {
  /** The method of the request. */
  readonly method: string;
  /** The URL of the request as its client knows it, or all by which clients know it. Query and fragment do not count. */
  readonly url: string | readonly string[];
  /** The access token that comes with it; undefined at the token endpoint. */
  readonly accessToken?: string | undefined;
};

/** A proof with a good signature that is about this request. */
export type DpopProof = {
  /** The RFC 7638 thumbprint of its key: the `jkt` of what is bound to it. */
  readonly thumbprint: string;
  readonly jti: string;
  /** Seconds since 1970, by the client's clock. */
  readonly iat: number;
  readonly nonce: string | undefined;
};

/**
 * Verifies a DPoP proof (RFC 9449 §4.3) but for two things that need a memory: whether it is fresh (`iat` or `nonce`) and
 * whether it was used before (`jti`). Pure. Does not check which key is expected: compare the thumbprint.
 *
 * @throws AuthError invalid_dpop_proof, its `reason` the name of the check that failed
 * @example
 * const { thumbprint } = readDpopProof(header, { method: 'GET', url: 'https://cart.example/cart', accessToken });
 */
export function readDpopProof(text: string, expected: ExpectedProof): DpopProof {
  const { header, payload, signature } = orInvalidProof('format', () => segmentsOf(text, maxProofLength));
  const key = keyOf(header);
  const claims = orInvalidProof('json', () => parseJsonObject(utf8(payload)));
  const signed = orInvalidProof('format', () => bytesOf(signature));
  if (!key.isSignedBy(`${header}.${payload}`, signed)) throw invalidProof('signature');
  const { jti, htm, htu, iat, ath, nonce } = claims;
  if (!isText(jti)) throw invalidProof('jti');
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw invalidProof('iat');
  if (htm !== expected.method) throw invalidProof('htm');
  if (!isTarget(htu, expected.url)) throw invalidProof('htu');
  if (nonce !== undefined && !isText(nonce)) throw invalidProof('nonce');
  const { accessToken } = expected;
  if (accessToken !== undefined && ath !== crypto.hash('sha256', accessToken, 'base64url'))
    throw invalidProof('ath');
  return { thumbprint: key.thumbprint, jti, iat, nonce };
}

/** The keys of the last headers: all proofs of a key have the same one, and opening a key costs as much as a signature. */
const lastKeys = new Map<string, ProofKey>();
const maxKeys = 1000;

function keyOf(header: string): ProofKey {
  const known = lastKeys.get(header);
  if (known !== undefined) return known;
  const { typ, alg, jwk, crit } = orInvalidProof('json', () => parseJsonObject(utf8(header)));
  if (typeOf(typ) !== 'dpop+jwt') throw invalidProof('typ');
  if (crit !== undefined) throw invalidProof('crit');
  const key = readProofKey(alg, jwk);
  if (key === undefined) throw invalidProof('key');
  if (lastKeys.size >= maxKeys) lastKeys.clear();
  lastKeys.set(header, key);
  return key;
}

function isTarget(htu: unknown, expected: ExpectedProof['url']): boolean {
  const target = typeof htu === 'string' ? targetOf(htu) : undefined;
  const urls = typeof expected === 'string' ? [expected] : expected;
  return target !== undefined && urls.some((url) => targetOf(url) === target);
}

/** RFC 9449 §4.3: compared after normalisation (RFC 3986 §6.2.2, §6.2.3), without query and fragment. */
function targetOf(url: string): string | undefined {
  const parsed = URL.parse(url);
  return parsed === null || parsed.username !== '' || parsed.password !== ''
    ? undefined
    : `${parsed.origin}${parsed.pathname.replaceAll(/%[\da-f]{2}/gi, inOneSpelling)}`;
}

/** RFC 3986 §6.2.2.1 and §6.2.2.2, which URL.parse leaves. An encoded slash is another path than a slash. */
function inOneSpelling(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
  return /[\w.~-]/.test(character) ? character : encoded.toUpperCase();
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxTextLength;
}

export function invalidProof(reason: string, cause?: unknown): AuthError {
  return new AuthError('invalid_dpop_proof', { reason: `proof: ${reason}`, cause });
}

function orInvalidProof<Result>(reason: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof AuthError || error instanceof StrictJsonError) throw invalidProof(reason, error);
    throw error;
  }
}
