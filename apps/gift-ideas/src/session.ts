import type { Provider, Tokens } from './provider.ts';

/** A person who is signed in here. */
export type Session = {
  readonly name: string;
  /** The session at the provider. */
  readonly sid: string | undefined;
  tokens: Tokens;
  refreshing?: Promise<void> | undefined;
};

/**
 * The access token of a session; a new one when it has expired. A refresh token is good for one use, so requests that
 * come meanwhile wait for the same refresh.
 */
export async function accessTokenOf(
  session: Session,
  provider: Pick<Provider, 'refresh'>,
  clock: () => number,
): Promise<string> {
  if (session.tokens.expiresAt <= clock()) {
    session.refreshing ??= provider
      .refresh(session.tokens)
      .then((tokens) => {
        session.tokens = tokens;
      })
      .finally(() => {
        session.refreshing = undefined;
      });
    await session.refreshing;
  }
  return session.tokens.access;
}
