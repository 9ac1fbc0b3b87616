// isUtf8 not by name: that import would throw on an old Node.js before checkRuntime can say that it is too old.
import buffer, { Buffer } from 'node:buffer';
import { invalidToken } from '../errors.ts';

/**
 * Splits a JWS of RFC 7515 §7.1 (compact serialization): three segments, none of them empty. Decodes nothing.
 *
 * @throws AuthError invalid_token
 */
export function segmentsOf(
  token: string,
  maxLength: number,
): { header: string; payload: string; signature: string } {
  if (token.length > maxLength) throw invalidToken('length');
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first === -1 || second === -1) throw invalidToken('format');
  const header = token.slice(0, first);
  const payload = token.slice(first + 1, second);
  const signature = token.slice(second + 1);
  if (!header || !payload || !signature || signature.includes('.')) throw invalidToken('format');
  return { header, payload, signature };
}

/**
 * The header of a JWE of RFC 7516 §7.1 (compact serialization) without an encrypted key, as ECDH-ES has none. All other
 * segments are canonical base64url.
 *
 * @throws AuthError invalid_token
 */
export function encryptedHeaderOf(token: string, maxLength: number): string {
  if (token.length > maxLength) throw invalidToken('length');
  const [header, encryptedKey, ...others] = token.split('.', 6);
  if (!header || encryptedKey !== '' || others.length !== 3 || others.includes(''))
    throw invalidToken('format');
  for (const segment of others) bytesOf(segment);
  return header;
}

/** The bytes of a segment. @throws AuthError invalid_token when it is not canonical base64url (RFC 4648 §3.5, §5) */
export function bytesOf(segment: string): Buffer {
  const bytes = Buffer.from(segment, 'base64url');
  // Buffer reads any text. Only canonical base64url encodes back to the same one.
  if (bytes.toString('base64url') !== segment) throw invalidToken('base64url');
  return bytes;
}

/** The text of a segment. @throws AuthError invalid_token when it is not canonical base64url, or not UTF-8 */
export function utf8(segment: string): string {
  const bytes = bytesOf(segment);
  if (!buffer.isUtf8(bytes)) throw invalidToken('utf8');
  return bytes.toString('utf8');
}

const mediaTypePrefix = /^application\//;

/**
 * A `typ` as it is compared: without `application/`, which RFC 7515 §4.1.9 makes optional, and in lower case (RFC 2045
 * §5.1). Null without one.
 */
export function typeOf(typ: unknown): string | null {
  return typeof typ === 'string' ? typ.toLowerCase().replace(mediaTypePrefix, '') : null;
}
