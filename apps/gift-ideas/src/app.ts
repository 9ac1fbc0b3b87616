import cookies, { type CookieSerializeOptions } from '@fastify/cookie';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { ideasPage, problemPage, sendPage, welcomePage } from './pages.ts';
import { createProvider, isDenial, isRefusalOfUs, type PendingSignIn, SignInEnded } from './provider.ts';
import { accessTokenOf, type Session } from './session.ts';
import type { Settings } from './settings.ts';
import { ask, traceparentAfter } from './shop.ts';
import { createStore } from './store.ts';
import { type Texts, textsFor } from './texts.ts';

type Problem = keyof Texts['problems'];

const signInSeconds = 600;
const sessionSeconds = 8 * 60 * 60;

export type AppOptions = {
  readonly settings: Settings;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly logLevel?: string;
};

/** Builds the application, ready to listen. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { settings, clock = Date.now, logLevel = 'info' } = options;
  const { publicUrl, wishlistUrl, cartUrl } = settings;
  const provider = createProvider(settings, clock);
  const pendingSignIns = createStore<PendingSignIn>({ seconds: signInSeconds, most: 10_000, clock });
  const sessions = createStore<Session>({ seconds: sessionSeconds, most: 10_000, clock });

  // localhost shares cookies between ports, so their names have ours.
  const { protocol, port } = new URL(publicUrl);
  const secure = protocol === 'https:';
  const nameOf = (what: string) => `${secure ? '__Host-' : ''}gift-ideas-${what}-${port || '443'}`;
  const [sessionCookie, signInCookie] = [nameOf('session'), nameOf('sign-in')];
  const attributes: CookieSerializeOptions = { path: '/', httpOnly: true, sameSite: 'lax', secure };

  // Requests are not logged: the address of /callback contains a code.
  const logController = new LogController({ disableRequestLogging: true });
  const logger = { level: logLevel, formatters: { level: (level: string) => ({ level }) } };
  // Idle connections stay open for longer than load balancers keep them for their next request.
  const app = fastify({ logger, logController, bodyLimit: 1024, keepAliveTimeout: 620_000 });
  await app.register(cookies);
  const form = { parseAs: 'string' } as const;
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    form,
    async (_: unknown, body: string) => body,
  );

  const problem = (reply: FastifyReply, status: number, what: Problem) =>
    sendPage(reply, problemPage(textsOf(reply.request), what), status);

  /** Not the error as a whole: what openid-client puts into `cause` may contain tokens. */
  function warn(error: unknown, what: string): void {
    const { cause } = Object(error) as Error;
    app.log.warn({ error: String(error), ...(cause instanceof Error && { cause: String(cause) }) }, what);
  }

  /** After a request to the provider: a provider that does not accept us is a fault of our settings. */
  function sayFailed(
    reply: FastifyReply,
    error: unknown,
    said: { log: string; status: number; page: Problem },
  ) {
    if (!isRefusalOfUs(error)) {
      warn(error, said.log);
      return problem(reply, said.status, said.page);
    }
    app.log.error('the provider does not accept CLIENT_ID and CLIENT_SECRET (invalid_client)');
    return problem(reply, 500, 'refused');
  }

  /** Forgets a session here, and ends it at the provider, whose failure must keep nobody signed in here. */
  async function signOut(id: string | undefined): Promise<void> {
    const session = sessions.take(id);
    if (session === undefined) return;
    await provider
      .revoke(session.tokens)
      .catch((error: unknown) => warn(error, 'a refresh token could not be revoked'));
  }

  function sayEnded(reply: FastifyReply, reason: string): FastifyReply {
    sessions.take(reply.request.cookies[sessionCookie]);
    reply.clearCookie(sessionCookie, attributes);
    return sendPage(reply, welcomePage(textsOf(reply.request), reason));
  }

  app.get('/', async (request, reply) => {
    const texts = textsOf(request);
    const session = sessions.get(request.cookies[sessionCookie]);
    if (session === undefined) return sendPage(reply, welcomePage(texts));
    let token: string;
    try {
      token = await accessTokenOf(session, provider, clock);
    } catch (error) {
      if (error instanceof SignInEnded) return sayEnded(reply, error.reason);
      const log = 'an access token could not be refreshed';
      return sayFailed(reply, error, { log, status: 503, page: 'unavailable' });
    }
    const traceparent = traceparentAfter(request.headers['traceparent']);
    const [wishlist, cart] = await Promise.all([
      ask(`${wishlistUrl}/wishlist`, token, traceparent),
      ask(`${cartUrl}/cart`, token, traceparent),
    ]);
    if (wishlist.reason !== undefined) return sayEnded(reply, wishlist.reason);
    return sendPage(reply, ideasPage(texts, { name: session.name, wishlist, cart }));
  });

  app.get('/sign-in', async (_request, reply) => {
    try {
      const { url, pending } = await provider.begin();
      const id = pendingSignIns.add(pending);
      reply.setCookie(signInCookie, id, { ...attributes, maxAge: signInSeconds });
      return reply.header('cache-control', 'no-store').redirect(url.href, 303);
    } catch (error) {
      warn(error, 'a sign-in could not begin');
      return problem(reply, 503, 'unavailable');
    }
  });

  app.get('/callback', async (request, reply) => {
    const pending = pendingSignIns.take(request.cookies[signInCookie]);
    reply.clearCookie(signInCookie, attributes);
    if (pending === undefined) return problem(reply, 400, 'expired');
    try {
      const session = await provider.redeem(new URL(`${publicUrl}${request.url}`), pending);
      await signOut(request.cookies[sessionCookie]);
      reply.setCookie(sessionCookie, sessions.add(session), { ...attributes, maxAge: sessionSeconds });
      return reply.header('cache-control', 'no-store').redirect('/', 303);
    } catch (error) {
      if (isDenial(error)) return problem(reply, 403, 'denied');
      return sayFailed(reply, error, { log: 'a sign-in failed', status: 400, page: 'failed' });
    }
  });

  app.post('/sign-out', async (request, reply) => {
    if (request.headers.origin !== publicUrl) return problem(reply, 403, 'broken');
    await signOut(request.cookies[sessionCookie]);
    return reply.clearCookie(sessionCookie, attributes).redirect('/', 303);
  });

  // The provider itself tells us that a session has ended.
  app.post('/backchannel-logout', { bodyLimit: 8192 }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    try {
      const sid = await provider.readLogout(
        new URLSearchParams(String(request.body)).get('logout_token') ?? '',
      );
      sessions.remove((session) => session.sid === sid);
      return reply.send();
    } catch (error) {
      warn(error, 'a logout token was refused');
      return reply.code(400).send();
    }
  });

  app.get('/live', async () => ({ status: 'live' }));
  // Without the provider it still has a page that says so.
  app.get('/ready', async () => ({ status: 'ready' }));

  app.setNotFoundHandler((_request, reply) => problem(reply, 404, 'broken'));
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode >= 500) warn(error, 'a request failed');
    return problem(reply, statusCode, 'broken');
  });
  return app;
}

function textsOf(request: FastifyRequest): Texts {
  return textsFor(request.headers['accept-language']);
}
