import { createHash } from 'node:crypto';
import { type Answer, type Asked, type HttpServer, problem, startHttpServer } from './http-server.ts';
import { nonceOf, provenKey, shownBy } from './shown-token.ts';

export const testPassword = 'harbour-lantern-23';

/** The lifetime of its access tokens. */
export const lifetimeSeconds = 300;

type Session = {
  readonly id: string;
  readonly subject: string;
  authTime: number;
  /** The value of the cookie that is valid. */
  generation: number;
  ended: string | null;
  /** The thumbprint of the key to which it is bound. */
  readonly key: string | undefined;
};

export interface AuthServer extends Omit<HttpServer, 'asked'> {
  /** The requests received, e.g. `POST /sessions/refresh`, the oldest first. */
  readonly asked: string[];
  /** The number of refresh requests. */
  refreshes(): number;
  /** Bodies of the requests to this path. */
  bodies(path: string): unknown[];
  /** Answers the next requests to this path with these. Undefined breaks the connection. */
  fail(path: string, answer: Answer | undefined, times?: number): void;
  /** Does what the next request to this path asks, and sets its cookie; the answer itself is a proxy's 502. */
  loseAnswer(path: string): void;
  /**
   * Holds back answers to this path until the returned function is called. A later hold applies to later requests.
   */
  hold(path: string): () => void;
  /**
   * Signs somebody in at its own page, whose address this is. Returns where the page leads: back, with the code. A code
   * is good once.
   */
  comeBack(page: string, username: string): string;
  /** Ends all sessions of a person. */
  end(subject: string, reason: string): void;
  /**
   * Whether the session of this request's token lives, `refuse` has not refused the token, and the request proves the
   * session's key, if it has one.
   */
  accepts(asked: Asked): boolean;
  /** Takes only proofs with this nonce from now on. */
  askForNonce(nonce: string): void;
  /** Makes every service refuse this token, whatever its session. */
  refuse(accessToken: string): void;
}

/**
 * auth-service's routes for a browser session: one cookie, whose value changes with each refresh. Tokens have no
 * signature, because nothing here verifies it.
 */
export async function startAuthServer(): Promise<AuthServer> {
  const sessions = new Map<string, Session>();
  const codes = new Map<string, { challenge: string; redirectUri: string; username: string }>();
  const refused = new Set<string>();
  const faults = new Map<string, (Answer | undefined)[]>();
  const held = new Map<string, Promise<void>>();
  const lost = new Set<string>();
  let tokens = 0;
  let nonce: string | undefined;

  const server = await startHttpServer(async (asked) => {
    await held.get(asked.path);
    const fault = faults.get(asked.path);
    if (fault !== undefined && fault.length > 0) return fault.shift();
    const hasProof = asked.headers['dpop'] !== undefined;
    if (nonce !== undefined && hasProof && nonceOf(asked, shownBy(asked)?.token) !== nonce)
      return problem(401, 'use_dpop_nonce', { headers: { 'dpop-nonce': nonce } });
    const answer = routes[`${asked.method} ${asked.path}`]?.(asked) ?? problem(404, 'not_found');
    if (!lost.delete(asked.path)) return answer;
    return { ...problem(502, 'bad_gateway'), ...(answer.headers && { headers: answer.headers }) };
  });

  const routes: Record<string, (asked: Asked) => Answer> = {
    'POST /sessions'(asked) {
      const { username, password } = JSON.parse(asked.text);
      if (password !== testPassword) return problem(401, 'invalid_credentials', { detail: 'Wrong.' });
      return withCookie(begin(username, asked), 201);
    },
    'GET /.well-known/openid-configuration': () => ({
      status: 200,
      body: { issuer: server.origin, authorization_endpoint: `${server.origin}/authorize?tenant=1` },
    }),
    'POST /sessions/code'(asked) {
      const { code, code_verifier: verifier, redirect_uri: redirectUri } = JSON.parse(asked.text);
      const username = redeem(code, verifier, redirectUri);
      return username === undefined ? problem(400, 'invalid_code') : withCookie(begin(username, asked), 201);
    },
    'POST /token'(asked) {
      const { grant_type: type, ...form } = Object.fromEntries(new URLSearchParams(asked.text));
      if (type === 'authorization_code') {
        const username = redeem(form['code'], form['code_verifier'], form['redirect_uri']);
        return username === undefined
          ? oauthError('invalid_grant')
          : withRefreshToken(begin(username, asked));
      }
      const [id = '', generation] = form['refresh_token']?.split('.') ?? [];
      const session = sessions.get(id);
      if (session?.ended !== null) return oauthError('invalid_grant', session?.ended ?? undefined);
      if (session.key !== provenKey(asked)) return oauthError('invalid_dpop_proof');
      // With the key, a lost reply is forgiven. An older token is a copy.
      const behind = session.generation - Number(generation);
      if (behind > 1) session.ended = 'reuse';
      if (behind > 1) return oauthError('invalid_grant', 'reuse');
      session.generation -= behind;
      return withRefreshToken(session);
    },
    'POST /revoke'(asked) {
      const [id = ''] = new URLSearchParams(asked.text).get('token')?.split('.') ?? [];
      const session = sessions.get(id);
      if (session?.key !== provenKey(asked)) return oauthError('invalid_dpop_proof');
      if (session !== undefined) session.ended ??= 'token_revoked';
      return { status: 200 };
    },
    'POST /sessions/refresh'(asked) {
      const [, cookie = ''] = /refresh_token=([^;]+)/.exec(asked.headers.cookie ?? '') ?? [];
      const [id = '', generation] = cookie.split('.');
      const session = sessions.get(id);
      if (session?.ended === null && session.key !== undefined && session.key !== provenKey(asked))
        return problem(401, 'session_ended', { reason: 'foreign_key' });
      if (session?.ended === null && session.generation === Number(generation))
        return withCookie(session, 200);
      const reason = session === undefined ? 'no_cookie' : (session.ended ?? 'reuse');
      const refusal = problem(401, 'session_ended', { reason });
      return session === undefined ? refusal : cleared(refusal);
    },
    'POST /sessions/current/reauthentication'(asked) {
      const session = sessionOf(asked);
      if (session === undefined) return invalidToken();
      if (JSON.parse(asked.text).password !== testPassword) return problem(401, 'invalid_credentials');
      session.authTime += 60;
      return { status: 200, body: tokenAnswer(session) };
    },
    'DELETE /sessions/current': (asked) => signOut(asked, 'sign_out'),
    'DELETE /sessions': (asked) => signOut(asked, 'ended_all'),
  };

  function redeem(code = '', verifier = '', redirectUri = ''): string | undefined {
    const granted = codes.get(code);
    codes.delete(code);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const isFor = granted?.challenge === challenge && granted.redirectUri === redirectUri;
    return isFor ? granted.username : undefined;
  }

  function withRefreshToken(session: Session): Answer {
    session.generation += 1;
    const body = { ...tokenAnswer(session), refresh_token: `${session.id}.${session.generation}` };
    return { status: 200, body };
  }

  function begin(subject: string, asked: Asked): Session {
    const id = `session-${sessions.size + 1}`;
    const start = { authTime: 1_800_000_000, generation: 0, ended: null };
    const session = { id, subject, ...start, key: provenKey(asked) };
    sessions.set(id, session);
    return session;
  }

  function signOut(asked: Asked, reason: string): Answer {
    const session = sessionOf(asked);
    if (session === undefined) return invalidToken();
    session.ended = reason;
    return cleared({ status: 204 });
  }

  function sessionOf(asked: Asked): Session | undefined {
    const shown = shownBy(asked);
    if (shown === undefined || refused.has(shown.token)) return undefined;
    const { sid } = JSON.parse(Buffer.from(shown.token.split('.')[1] ?? '', 'base64url').toString() || '{}');
    const session = sessions.get(sid);
    return session?.ended === null && session.key === shown.key ? session : undefined;
  }

  function withCookie(session: Session, status: number): Answer {
    session.generation += 1;
    const cookie = `refresh_token=${session.id}.${session.generation}; HttpOnly; Path=/`;
    return { status, body: tokenAnswer(session), headers: { 'set-cookie': cookie } };
  }

  function tokenAnswer({ id, subject, authTime, key }: Session): object {
    tokens += 1;
    const claims = { sub: subject, sid: id, scope: 'cart:read cart:write', auth_time: authTime, jti: tokens };
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const type = key === undefined ? 'Bearer' : 'DPoP';
    return { access_token: `e30.${payload}.`, token_type: type, expires_in: lifetimeSeconds };
  }

  return {
    origin: server.origin,
    close: server.close,
    get asked() {
      return server.asked.map(({ method, path }) => `${method} ${path}`);
    },
    refreshes: () => server.asked.filter(({ path }) => path === '/sessions/refresh').length,
    bodies: (path) =>
      server.asked.filter((asked) => asked.path === path).map(({ text }) => JSON.parse(text || 'null')),
    fail(path, answer, times = 1) {
      faults.set(path, Array(times).fill(answer));
    },
    loseAnswer: (path) => void lost.add(path),
    hold(path) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(path, promise);
      return () => {
        held.delete(path);
        resolve();
      };
    },
    comeBack(page, username) {
      const {
        code_challenge: challenge = '',
        redirect_uri: redirectUri = '',
        state = '',
      } = Object.fromEntries(new URL(page).searchParams);
      const code = `code-${codes.size + 1}`;
      codes.set(code, { challenge, redirectUri, username });
      return `${redirectUri}?${new URLSearchParams({ code, state, iss: server.origin })}`;
    },
    end(subject, reason) {
      for (const session of sessions.values()) if (session.subject === subject) session.ended ??= reason;
    },
    accepts: (asked) => sessionOf(asked) !== undefined,
    askForNonce: (required) => {
      nonce = required;
    },
    refuse: (accessToken) => void refused.add(accessToken),
  };
}

export function invalidToken(reason?: string): Answer {
  const headers = { 'www-authenticate': 'Bearer realm="cart-service", error="invalid_token"' };
  return problem(401, 'invalid_token', { headers, ...(reason !== undefined && { reason }) });
}

/** RFC 6749 §5.2. */
function oauthError(error: string, reason?: string): Answer {
  return { status: 400, body: { error, error_description: error, ...(reason !== undefined && { reason }) } };
}

function cleared(answer: Answer): Answer {
  const cookie = 'refresh_token=; Max-Age=0; Path=/';
  return { ...answer, headers: { ...answer.headers, 'set-cookie': cookie } };
}
