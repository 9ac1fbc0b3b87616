/** RFC 6749 §3.3: scope tokens of visible ASCII without quote and backslash, one space between. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$/;

/** Reads a scope parameter; undefined when it is malformed. */
export function parseScope(text: string): string[] | undefined {
  return SCOPE.test(text) ? [...new Set(text.split(' '))] : undefined;
}

/**
 * The scopes that a token may carry: what was asked for, if all of it is allowed; all that is allowed, if nothing was
 * asked for. Undefined when more was asked for than is allowed: scope only ever narrows (RFC 6749 §6).
 */
export function narrowScopes(
  allowed: readonly string[],
  asked: readonly string[] | undefined,
): readonly string[] | undefined {
  if (asked === undefined) return allowed;
  return asked.every((scope) => allowed.includes(scope)) ? asked : undefined;
}
