import { type Answer, type Request, refreshing, type Tokens } from '@latchkey/person';
import { ProblemError } from '@latchkey/service-kit';
import type { DemoAccount } from './accounts.ts';
import type { AuthService } from './auth-service.ts';
import { orPassOn } from './outgoing.ts';

export type Administrator = {
  /**
   * Calls auth-service as the demo's administrator.
   *
   * @throws {ProblemError} auth-service's refusal, unchanged
   */
  ask(request: Request): Promise<Answer>;
};

/**
 * The demo's administrator. It signs in on first use by the public routes, refreshes, and signs in again when its
 * session has ended.
 */
export function createAdministrator(auth: AuthService, accounts: readonly DemoAccount[]): Administrator {
  const account = accounts.find(({ roles }) => roles.includes('admin'));
  let tokens: Promise<Tokens> | undefined;

  function signedIn(): Promise<Tokens> {
    tokens ??= remembered(signIn());
    return tokens;
  }

  /** Renews the tokens once for all concurrent callers that found them invalid. */
  function renewed(old: Promise<Tokens>): Promise<Tokens> {
    if (tokens === old) tokens = remembered(renew(old));
    return tokens ?? signedIn();
  }

  async function renew(old: Promise<Tokens>): Promise<Tokens> {
    const answer = await auth.ask(refreshing((await old).refresh_token));
    return answer.status < 400 ? (answer.body as Tokens) : await signIn();
  }

  function remembered(getting: Promise<Tokens>): Promise<Tokens> {
    getting.catch(() => {
      if (tokens === getting) tokens = undefined;
    });
    return getting;
  }

  async function signIn(): Promise<Tokens> {
    if (account === undefined)
      throw new ProblemError({
        status: 409,
        code: 'no_administrator',
        detail: 'No demo account has the role admin.',
      });
    const { username, password } = account;
    const scope = 'accounts:manage keys:manage';
    return await auth.signIn({ username, password, scope, deviceName: 'The storefront’s demo' });
  }

  return {
    async ask(request) {
      const first = signedIn();
      const answer = await auth.ask({ ...request, token: (await first).access_token });
      if (answer.status !== 401) return orPassOn(answer);
      const second = await renewed(first);
      return orPassOn(await auth.ask({ ...request, token: second.access_token }));
    },
  };
}
