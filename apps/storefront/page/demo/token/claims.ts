/** A claim with its value, for the sentence that explains it. */
export type ShownClaim = {
  readonly name: string;
  /** The value as in the token. */
  readonly value: string;
  /** Milliseconds since the epoch for a time claim; null for any other. */
  readonly atMs: number | null;
};

const times = new Set(['iat', 'exp', 'auth_time', 'nbf']);

/** The claims that the messages explain. Any other claim is shown without an explanation. */
export const explainedClaims = [
  ...[
    'iss',
    'sub',
    'aud',
    'client_id',
    'scope',
    'sid',
    'jti',
    'iat',
    'exp',
    'auth_time',
    'acr',
    'act',
    'cnf',
  ],
  ...['alg', 'typ', 'kid'],
] as const;

/** What a proof says (RFC 9449 §4.2). */
export const proofClaims = ['jti', 'htm', 'htu', 'iat', 'ath', 'nonce'] as const;

/** What people expect in a token, but it does not contain. */
export const absentThings = ['name', 'email', 'password', 'roles', 'refresh_token'] as const;

/** The claims of a token or of its header, in their own order. */
export function shownClaims(members: Readonly<Record<string, unknown>>): readonly ShownClaim[] {
  return Object.entries(members).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : JSON.stringify(value),
    atMs: times.has(name) && typeof value === 'number' ? value * 1000 : null,
  }));
}
