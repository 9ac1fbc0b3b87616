import type { Answer } from '@latchkey/person';
import { ProblemError, type Service } from '@latchkey/service-kit';
import type { RefreshTokenTheft } from './api.ts';
import { type DemoContext, tags } from './context.ts';
import { orPassOn, textIn } from './outgoing.ts';
import { timed } from './stopwatch.ts';

type Step = RefreshTokenTheft['steps'][number];

/**
 * Uses a stolen refresh token. Cookies are bound to a host, not to a port, so this server receives auth-service's
 * cookie for localhost with each request of the page, as a thief might. The thief refreshes twice. When the owner then
 * uses the old copy, auth-service sees that two clients hold the token, and ends the session for both. The token of a
 * session that is bound to a key is refused to the thief, who has not got the key; the owner then goes on.
 */
export async function refreshTokenTheftRoutes(
  app: Service,
  { auth, services, origin, refreshCookieName }: DemoContext,
): Promise<void> {
  /** Refreshes as a browser does. A thief needs no browser, and can send any Origin. */
  const refresh = (refreshToken: string) =>
    auth.ask({
      method: 'POST',
      path: '/sessions/refresh',
      json: { client_id: 'storefront' },
      headers: { origin, cookie: `${refreshCookieName}=${refreshToken}` },
    });

  const schema = { summary: 'Steal the refresh token of this browser, and have its owner use it too', tags };
  app.post('/thefts/refresh-token', { schema }, async (request): Promise<RefreshTokenTheft> => {
    const stolen = cookieIn(request.headers.cookie ?? '', refreshCookieName);
    if (stolen === undefined) throw notSignedIn();
    const steps: Step[] = [];
    const first = await refresh(stolen);
    steps.push(stepOf('thief', stolen, first));
    if (textIn(first, 'reason') === 'foreign_key') return { steps, stopwatch: [] };
    orPassOn(first);
    const next = cookieIn(first.headers.getSetCookie().join('; '), refreshCookieName) ?? '';
    const second = await refresh(next);
    steps.push(stepOf('thief', next, second));
    const token = textIn(orPassOn(second), 'access_token') ?? '';
    const { stopwatch } = await timed(services, token, async () => {
      steps.push(stepOf('owner', stolen, await refresh(stolen)));
    });
    return { steps, stopwatch };
  });
}

/** Finds a token of ours: another app may have a cookie with the same name. */
function cookieIn(cookies: string, name: string): string | undefined {
  return new RegExp(`(?:^|;)\\s*${name}=(rt1\\.[^;]+)`).exec(cookies)?.[1];
}

function stepOf(who: Step['who'], refreshToken: string, answer: Answer): Step {
  return {
    who,
    // rt1.<key>.<session>.<generation>.<mac>
    generation: Number(refreshToken.split('.')[3] ?? 0),
    status: answer.status,
    code: textIn(answer, 'code') ?? null,
    reason: textIn(answer, 'reason') ?? null,
  };
}

function notSignedIn(): ProblemError {
  const detail = 'This browser has no session whose refresh token could be stolen: sign in first.';
  return new ProblemError({ status: 409, code: 'not_signed_in', detail });
}
