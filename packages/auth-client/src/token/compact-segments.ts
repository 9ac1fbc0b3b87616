import { Buffer, isUtf8 } from 'node:buffer';
import { invalidToken } from '../errors.ts';

const threeSegments = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * Splits a JWS of RFC 7515 §7.1 (compact serialization): three non-empty segments of canonical base64url.
 *
 * @throws AuthError invalid_token
 */
export function segmentsOf(
  token: string,
  maxLength: number,
): { header: string; payload: string; signature: string } {
  if (token.length > maxLength) throw invalidToken('length');
  const segments = threeSegments.exec(token);
  if (!segments) throw invalidToken('format');
  const [, header = '', payload = '', signature = ''] = segments;
  if (!isCanonical(header) || !isCanonical(payload) || !isCanonical(signature))
    throw invalidToken('base64url');
  return { header, payload, signature };
}

/** Exactly what RFC 7516 §7.1 has when the key is agreed on directly (ECDH-ES): the second segment is empty. */
const fiveSegments = /^([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * The header of a JWE of RFC 7516 §7.1 (compact serialization) without an encrypted key, each segment in canonical
 * base64url.
 *
 * @throws AuthError invalid_token
 */
export function encryptedHeaderOf(token: string, maxLength: number): string {
  if (token.length > maxLength) throw invalidToken('length');
  const [, ...segments] = fiveSegments.exec(token) ?? [];
  const [header] = segments;
  if (header === undefined) throw invalidToken('format');
  if (!segments.every(isCanonical)) throw invalidToken('base64url');
  return header;
}

/** RFC 4648 §3.5: the unused bits of the last character must be zero, or several texts would encode one value. */
function isCanonical(segment: string): boolean {
  const rest = segment.length % 4;
  if (rest === 0) return true;
  if (rest === 1) return false;
  const unusedBits = rest === 2 ? 0b1111 : 0b11;
  return (sextet(segment.charCodeAt(segment.length - 1)) & unusedBits) === 0;
}

function sextet(code: number): number {
  if (code === 0x2d) return 62;
  if (code === 0x5f) return 63;
  if (code <= 0x39) return code - 0x30 + 52;
  return code <= 0x5a ? code - 0x41 : code - 0x61 + 26;
}

/** The text of a segment. @throws AuthError invalid_token when it is not UTF-8 */
export function utf8(segment: string): string {
  const bytes = Buffer.from(segment, 'base64url');
  if (!isUtf8(bytes)) throw invalidToken('utf8');
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
