import { type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';

// In libuv's pool: one RSA signature takes most of a millisecond, and the event loop has others to serve meanwhile.
const signInPool = promisify(sign) as (algorithm: string, data: Buffer, key: KeyObject) => Promise<Buffer>;

/**
 * Signs a JSON object by RS256, as a JWS in compact form (RFC 7515 §3.1). `typ` says what it is, so that one kind of
 * token is never taken for another (RFC 8725 §3.11).
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

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
