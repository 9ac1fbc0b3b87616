/** RFC 6749 §3.3: scope tokens of visible ASCII without quote and backslash, separated by single spaces. */
const scope = /^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$/;

/** What OpenID Connect Core §3.1.2.1, §5.4 and §11 let a client ask for. No role is needed for them. */
export const identityScopes: readonly string[] = ['openid', 'profile', 'offline_access'];

/** Reads a scope parameter; undefined when it is malformed. */
export function parseScope(text: string): string[] | undefined {
  return scope.test(text) ? [...new Set(text.split(' '))] : undefined;
}

/**
 * Returns the scopes that a token may carry: the requested ones if all are allowed, or all allowed ones if none were
 * requested. Undefined when the request exceeds what is allowed: scope can only be narrowed (RFC 6749 §6).
 */
export function narrowScopes(
  allowed: readonly string[],
  asked: readonly string[] | undefined,
): readonly string[] | undefined {
  if (asked === undefined) return allowed;
  return asked.every((scope) => allowed.includes(scope)) ? asked : undefined;
}
