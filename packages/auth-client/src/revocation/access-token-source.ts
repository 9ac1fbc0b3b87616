/**
 * Returns an access token, a new one when the last is too old. `refused` is the token that got a 401, if any: the
 * source must not return that one again.
 */
export type AccessTokenSource = (refused?: string) => Promise<string>;
