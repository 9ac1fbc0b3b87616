import { ProblemError } from '@latchkey/service-kit';
import type { DemoAccount } from './accounts.ts';
import type { AuthService, Tokens } from './auth-service.ts';
import { type Answer, type Call, orPassOn } from './outgoing.ts';

export type Administrator = {
  /**
   * Calls auth-service as the demo's administrator.
   *
   * @throws {ProblemError} auth-service's refusal, unchanged
   */
  ask(path: string, call?: Call): Promise<Answer>;
};

const clientId = 'latchkey-cli';

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
    const answer = await auth.refresh(clientId, (await old).refreshToken);
    return 'accessToken' in answer ? answer : await signIn();
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
    return await auth.signIn({ clientId, username, password, scope, deviceName: 'The storefront’s demo' });
  }

  return {
    async ask(path, call = {}) {
      const first = signedIn();
      const answer = await auth.ask(path, { ...call, token: (await first).accessToken });
      if (answer.status !== 401) return orPassOn(answer);
      const second = await renewed(first);
      return orPassOn(await auth.ask(path, { ...call, token: second.accessToken }));
    },
  };
}
