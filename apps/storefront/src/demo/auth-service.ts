import { type Answer, type Request, type SignIn, signingIn, type Tokens } from '@latchkey/person';
import { ProblemError } from '@latchkey/service-kit';
import { orPassOn, send } from './outgoing.ts';

export type AuthService = ReturnType<typeof createAuthService>;

/** Calls auth-service by its public routes. The demo has no other access. */
export function createAuthService(url: string) {
  /** @throws {ProblemError} 503 `auth_service_unavailable` when it does not answer */
  async function ask(request: Request): Promise<Answer> {
    try {
      return await send(url, request);
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
    signIn: async (person: SignIn) => orPassOn(await ask(signingIn(person))).body as Tokens,
  };
}
