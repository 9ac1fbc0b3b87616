/**
 * Random hexadecimal digits, two for each byte, never all zero. Not by crypto.randomUUID, which browsers have only in
 * secure contexts: over https, and at localhost.
 */
export function randomHex(byteCount: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(byteCount));
  bytes[0] ||= 1;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
