import type {
  AuthEndpoint,
  CodeToRedeem,
  HeldToken,
  SignInCredentials,
  SignInKeys,
} from '../auth-endpoint.ts';
import { SessionError } from '../errors.ts';
import type { Binding } from '../options.ts';
import type { IssuedToken } from '../session-fact.ts';
import type { KeyRing } from './key-ring.ts';

/** What a session asks of auth-service, one request at a time in all tabs. Each function throws SessionError. */
export type SessionEndpoint = {
  refresh(): Promise<IssuedToken>;
  signIn(credentials: SignInCredentials): Promise<IssuedToken>;
  signInByCode(code: CodeToRedeem): Promise<IssuedToken>;
  reauthenticate(held: HeldToken, password: string): Promise<IssuedToken>;
  signOut(held: HeldToken, everywhere: boolean): Promise<void>;
};

export type KeyedEndpointParts = {
  readonly endpoint: AuthEndpoint;
  readonly keyRing: KeyRing;
  readonly binding: Binding;
};

/**
 * Gives each session a key of its own, which the browser keeps until the session ends. A new key is kept before it is
 * used, beside the one before, so that no lost answer and no closed page costs the session.
 */
export function createKeyedEndpoint({ endpoint, keyRing, binding }: KeyedEndpointParts): SessionEndpoint {
  async function start(ask: (keys: SignInKeys) => Promise<IssuedToken>): Promise<IssuedToken> {
    const known = (await readable()) ?? [];
    const key = await keyRing.add();
    try {
      const token = await ask({ key, replaced: known[0] });
      await keyRing.settle(key, known);
      return token;
    } catch (error) {
      // Without an answer of auth-service's own, the session may have begun.
      const isRefused = error instanceof SessionError && (error.status ?? 500) < 500;
      if (isRefused && key !== undefined) await keyRing.settle(undefined, [key]);
      throw error;
    }
  }

  async function refresh(): Promise<IssuedToken> {
    const known = await readable();
    const keys = known === undefined || known.length === 0 ? [undefined] : known;
    let refused: unknown;
    for (const key of keys) {
      try {
        const token = await endpoint.refresh(key);
        if (keys.length > 1) await keyRing.settle(key, known ?? []);
        return token;
      } catch (error) {
        refused = error;
        // Another of our keys may be the session's: the one of a sign-in that got no answer.
        if (!isForeignKey(error)) break;
      }
    }
    if (isForeignKey(refused) && known === undefined)
      throw new SessionError('storage_blocked', 'The key of this session cannot be read now.');
    if (isEnd(refused)) await keyRing.settle(undefined, known ?? []);
    throw refused;
  }

  /** Undefined if the keys cannot be read, and the cookie alone may be enough. */
  async function readable(): Promise<readonly string[] | undefined> {
    try {
      return await keyRing.list();
    } catch (error) {
      if (binding === 'required') throw error;
      return undefined;
    }
  }

  return {
    refresh,
    signIn: (credentials) => start((keys) => endpoint.signIn(credentials, keys)),
    signInByCode: (code) => start((keys) => endpoint.signInByCode(code, keys)),
    reauthenticate: endpoint.reauthenticate,
    async signOut(held, everywhere) {
      await endpoint.signOut(held, everywhere);
      if (held.boundTo !== undefined) await keyRing.settle(undefined, [held.boundTo]);
    },
  };
}

function isEnd(error: unknown): error is SessionError {
  return error instanceof SessionError && error.status === 401 && error.code === 'session_ended';
}

function isForeignKey(error: unknown): error is SessionError {
  return isEnd(error) && error.reason === 'foreign_key';
}
