import type { ClientProofs } from '../proof/client-proofs.ts';

/** A token and how to send it. */
export type OwnToken = {
  readonly accessToken: string;
  /** The key to which it is bound (RFC 9449); undefined: it is sent as Bearer. */
  readonly proofs: ClientProofs | undefined;
};

export type AccessTokenSource = {
  /**
   * Returns an access token, a new one when the last is too old. `refused` is the token that got a 401, if any: the
   * source must not return that one again. It is a bearer token.
   */
  (refused?: string): Promise<string>;
  /** As the function itself, for who can send a token that is bound to a key. The feed of revocations uses it. */
  readonly bound?: (refused?: string) => Promise<OwnToken>;
};

/** The best token that a source has. */
export async function ownToken(source: AccessTokenSource, refused?: string): Promise<OwnToken> {
  return source.bound === undefined
    ? { accessToken: await source(refused), proofs: undefined }
    : source.bound(refused);
}

/** The headers of a request with this token. */
export function authorizationOf(
  { accessToken, proofs }: OwnToken,
  request: { readonly method: string; readonly url: string },
): Record<string, string> {
  return proofs?.headersFor({ ...request, accessToken }) ?? { authorization: `Bearer ${accessToken}` };
}
