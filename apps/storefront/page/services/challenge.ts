/** The parts of a WWW-Authenticate header (RFC 9110 §11.6.1) that the page uses. */
export type Challenge = {
  /** RFC 6750 §3.1, RFC 9470 §3. */
  readonly error: string | null;
  /** All scopes that the route requires. */
  readonly scopes: readonly string[];
  /** The maximum age of the sign-in. */
  readonly maxAgeSeconds: number | null;
};

const parameter = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/**
 * Parses the challenges of our services, of which only the first has these parameters: a second one names the other
 * scheme.
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
