/** What a WWW-Authenticate header says (RFC 9110 §11.6.1), as far as the page can do something about it. */
export type Challenge = {
  /** RFC 6750 §3.1, RFC 9470 §3. */
  readonly error: string | null;
  /** All scopes that the route needs. */
  readonly scopes: readonly string[];
  /** The most that the sign-in may be ago. */
  readonly maxAgeSeconds: number | null;
};

const parameter = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/**
 * Reads the Bearer challenge of our services. Does not understand several challenges in one header.
 *
 * @example parseChallenge('Bearer realm="x", error="insufficient_scope", scope="cart:write"').scopes // ['cart:write']
 */
export function parseChallenge(header: string | null): Challenge {
  const found = new Map<string, string>();
  for (const [, name = '', value = ''] of (header ?? '').matchAll(parameter)) {
    found.set(name, value.replaceAll(/\\(.)/g, '$1'));
  }
  const maxAge = Number(found.get('max_age') ?? Number.NaN);
  return {
    error: found.get('error') ?? null,
    scopes: found.get('scope')?.split(' ').filter(Boolean) ?? [],
    maxAgeSeconds: Number.isInteger(maxAge) && maxAge >= 0 ? maxAge : null,
  };
}
