import type { CodeToRedeem, SignInCredentials } from './auth-endpoint.ts';
import { SessionError, signedOut } from './errors.ts';
import type { SessionEndpoint } from './keys/keyed-endpoint.ts';
import type { Platform } from './platform.ts';
import { type RefreshLock, signOutPatienceMs } from './refresh-lock.ts';
import type { Renewal } from './renewal.ts';
import type { SignedInFact } from './session-fact.ts';
import type { SessionStore } from './session-store.ts';
import { readClaims } from './token-claims.ts';

export type SessionActions = {
  signIn(credentials: SignInCredentials): Promise<void>;
  signInByCode(code: CodeToRedeem): Promise<void>;
  reauthenticate(password: string): Promise<void>;
  signOut(everywhere: boolean): Promise<void>;
};

export type SessionActionsParts = {
  readonly store: SessionStore;
  readonly lock: RefreshLock;
  readonly auth: SessionEndpoint;
  readonly renewal: Renewal;
  readonly platform: Platform;
};

/** The person's actions. Each holds the refresh lock, so that none overwrites the result of another. */
export function createSessionActions(parts: SessionActionsParts): SessionActions {
  const { store, lock, auth, renewal, platform } = parts;

  /** The current token, renewed if it has expired; undefined if nobody is signed in. */
  async function heldInTurn(): Promise<SignedInFact | undefined> {
    const fact = store.fact();
    const isGood = fact?.kind === 'signed_in' && platform.now() < fact.expiresAtMs;
    if (fact?.kind !== 'signed_out' && !isGood) await renewal.renewInTurn();
    const held = store.fact();
    return held?.kind === 'signed_in' ? held : undefined;
  }

  /** Calls `ask` with the current token, and once more with the next one if the first is refused. */
  async function withToken(ask: (held: SignedInFact) => Promise<void>): Promise<void> {
    const held = await heldInTurn();
    if (held === undefined) return;
    try {
      await ask(held);
    } catch (error) {
      if (!isRefusedToken(error)) throw error;
      await renewal.renewInTurn(error.reason);
      const next = await heldInTurn();
      if (next !== undefined) await ask(next);
    }
  }

  return {
    signIn: (credentials) => lock(() => renewal.conclude(() => auth.signIn(credentials), renewal.begin)),

    signInByCode: (code) => lock(() => renewal.conclude(() => auth.signInByCode(code), renewal.begin)),

    reauthenticate: (password) =>
      lock(async () => {
        let asked: string | undefined;
        await withToken(async (held) => {
          const subject = readClaims(held.accessToken)?.subject;
          // The password must not be tried on another person's account.
          if (asked !== undefined && asked !== subject)
            throw new SessionError('session_changed', 'Another person has signed in meanwhile.');
          asked = subject;
          await renewal.conclude(() => auth.reauthenticate(held, password), renewal.begin);
        });
        const fact = store.fact();
        if (fact?.kind !== 'signed_in') throw signedOut(fact?.reason);
      }),

    signOut: (everywhere) =>
      lock(
        () =>
          withToken((held) =>
            renewal.conclude(
              () => auth.signOut(held, everywhere),
              // auth-service's names for these reasons.
              () => renewal.end(everywhere ? 'ended_all' : 'sign_out'),
            ),
          ),
        signOutPatienceMs,
      ),
  };
}

function isRefusedToken(error: unknown): error is SessionError {
  return (
    error instanceof SessionError &&
    error.status === 401 &&
    (error.code === 'invalid_token' || error.code === 'session_ended')
  );
}
