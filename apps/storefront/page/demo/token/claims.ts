/** What a claim holds, for the sentence that explains it. */
export type ShownClaim = {
  readonly name: string;
  /** As it stands in the token. */
  readonly value: string;
  /** For a time: milliseconds since the epoch. */
  readonly atMs: number | null;
};

const times = new Set(['iat', 'exp', 'auth_time', 'nbf']);

/** Names that have a sentence in the messages; any other claim is shown without one. */
export const explainedClaims = [
  ...['iss', 'sub', 'aud', 'client_id', 'scope', 'sid', 'jti', 'iat', 'exp', 'auth_time', 'acr', 'act'],
  ...['alg', 'typ', 'kid'],
] as const;

/** What people look for in a token and do not find. */
export const absentThings = ['name', 'email', 'password', 'roles', 'refresh_token'] as const;

/** The claims of a token or of its header, in their own order. */
export function shownClaims(members: Readonly<Record<string, unknown>>): readonly ShownClaim[] {
  return Object.entries(members).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : JSON.stringify(value),
    atMs: times.has(name) && typeof value === 'number' ? value * 1000 : null,
  }));
}
