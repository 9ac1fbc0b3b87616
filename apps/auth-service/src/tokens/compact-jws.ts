import { type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';

// Runs in libuv's pool: an RSA signature takes most of a millisecond and would block the event loop.
const signInPool = promisify(sign) as (algorithm: string, data: Buffer, key: KeyObject) => Promise<Buffer>;

/**
 * Signs a JSON object with RS256, as a JWS in compact form (RFC 7515 §3.1). `typ` names the kind of token, so that one
 * kind is never taken for another (RFC 8725 §3.11).
 *
 * @example
 * const token = await signCompactJws({ typ: 'at+jwt', payload, signer: keyRing.signer() });
 */
export async function signCompactJws({
  typ,
  payload,
  signer,
}: {
  readonly typ: string;
  readonly payload: object;
  readonly signer: { readonly kid: string; readonly privateKey: KeyObject };
}): Promise<string> {
  const input = `${encode({ alg: 'RS256', typ, kid: signer.kid })}.${encode(payload)}`;
  const signature = await signInPool('sha256', Buffer.from(input, 'latin1'), signer.privateKey);
  return `${input}.${signature.toString('base64url')}`;
}

/** Reads the JSON object in one part of a compact JWS; undefined when it has none. Verifies nothing. */
export function readJwsPart(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
