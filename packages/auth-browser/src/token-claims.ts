/** The claims of an access token (RFC 9068) that a page can use. */
export type TokenClaims = {
  readonly subject: string;
  readonly sessionId: string;
  readonly scopes: readonly string[];
  /** When the person last authenticated, in milliseconds since the epoch, by auth-service's clock. */
  readonly authTimeMs: number;
};

/**
 * Reads a person's access token; undefined if it is not one.
 *
 * Does not verify it: the browser got it from auth-service over TLS, and makes no security decision with it. The
 * services verify it.
 *
 * @example readClaims(answer.access_token)?.scopes
 */
export function readClaims(accessToken: string): TokenClaims | undefined {
  const payload = parsePayload(accessToken.split('.')[1] ?? '');
  if (payload === undefined) return undefined;
  const { sub, sid, scope, auth_time: authTime } = payload;
  if (typeof sub !== 'string' || typeof sid !== 'string' || typeof authTime !== 'number') return undefined;
  const scopes = typeof scope === 'string' && scope !== '' ? scope.split(' ') : [];
  return { subject: sub, sessionId: sid, scopes: Object.freeze(scopes), authTimeMs: authTime * 1000 };
}

function parsePayload(segment: string): Record<string, unknown> | undefined {
  try {
    const binary = atob(segment.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const payload: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof payload === 'object' && payload !== null ? { ...payload } : undefined;
  } catch {
    return undefined;
  }
}
