/** A decoded access token. Nothing is verified: anybody can read a token, and only services need to trust it. */
export type DecodedToken = {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signatureBytes: number;
  /** The length of the whole token as sent. */
  readonly bytes: number;
};

/** Decodes a JWS in compact form (RFC 7515 §7.1); null for anything else. */
export function decodeToken(token: string): DecodedToken | null {
  const [header, claims, signature, ...rest] = token.split('.');
  if (header === undefined || claims === undefined || signature === undefined || rest.length > 0) return null;
  try {
    return {
      header: jsonObject(header),
      claims: jsonObject(claims),
      signatureBytes: Math.floor((signature.length * 3) / 4),
      bytes: token.length,
    };
  } catch {
    return null;
  }
}

/** The token with changed claims and its old signature, as a forger without the key would send it. */
export function withClaims(token: string, changes: Readonly<Record<string, unknown>>): string {
  const [header = '', claims = '', signature = ''] = token.split('.');
  return [header, segment({ ...jsonObject(claims), ...changes }), signature].join('.');
}

/** The token with `alg: none` and no signature (RFC 8725 §2.1). */
export function withAlgNone(token: string): string {
  const [header = '', claims = ''] = token.split('.');
  return `${segment({ ...jsonObject(header), alg: 'none' })}.${claims}.`;
}

function jsonObject(text: string): Record<string, unknown> {
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('no JSON object');
  return value as Record<string, unknown>;
}

function segment(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
