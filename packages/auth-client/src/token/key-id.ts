const keyIdSyntax = /^[A-Za-z0-9._~-]{1,64}$/;

/** A key id that is used here: 1 to 64 characters of A–Z a–z 0–9 - _ . ~, as an RFC 7638 thumbprint is. */
export function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && keyIdSyntax.test(value);
}
