const keyIdSyntax = /^[A-Za-z0-9._~-]{1,64}$/;

/** An acceptable key id: 1 to 64 characters of A–Z a–z 0–9 - _ . ~. RFC 7638 thumbprints match. */
export function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && keyIdSyntax.test(value);
}
