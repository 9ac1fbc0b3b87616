import { ProblemError } from '@latchkey/service-kit';
import { type Answer, type Call, orPassOn, send, textIn } from './outgoing.ts';

export type Tokens = {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly sessionId: string;
};

export type SignIn = {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly deviceName: string;
  readonly scope?: string;
};

export type AuthService = ReturnType<typeof createAuthService>;

/** Calls auth-service by its public routes. The demo has no other access. */
export function createAuthService(url: string) {
  /** @throws {ProblemError} 503 `auth_service_unavailable` when it does not answer */
  async function ask(path: string, call: Call = {}): Promise<Answer> {
    try {
      return await send(url + path, call);
    } catch (cause) {
      throw new ProblemError({
        status: 503,
        code: 'auth_service_unavailable',
        detail: 'auth-service does not answer.',
        headers: { 'retry-after': '1' },
        cause,
      });
    }
  }

  return {
    ask,

    /** @throws {ProblemError} as auth-service refuses */
    async signIn({ clientId, username, password, deviceName, scope }: SignIn): Promise<Tokens> {
      const body = {
        client_id: clientId,
        username,
        password,
        device_name: deviceName,
        ...(scope !== undefined && { scope }),
      };
      return tokensOf(orPassOn(await ask('/sessions', { method: 'POST', body })));
    },

    /** Refreshes as a client that keeps its own refresh token. Returns auth-service's answer when it refuses. */
    async refresh(clientId: string, refreshToken: string): Promise<Tokens | Answer> {
      const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken };
      const answer = await ask('/token', { method: 'POST', form });
      return answer.status < 400 ? tokensOf(answer) : answer;
    },
  };
}

function tokensOf(answer: Answer): Tokens {
  return {
    accessToken: textIn(answer, 'access_token') ?? '',
    refreshToken: textIn(answer, 'refresh_token') ?? '',
    sessionId: textIn(answer, 'session_id') ?? '',
  };
}
