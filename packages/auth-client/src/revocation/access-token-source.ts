/**
 * Gives an access token to present, a new one whenever the last has become too old. It is told which token was answered
 * with 401, if one was, so that the same is not given again.
 */
export type AccessTokenSource = (refused?: string) => Promise<string>;
