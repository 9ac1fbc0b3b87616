import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { errors, type Provider } from 'oidc-provider';
import { homePage, type Page, problemPage, type SignIn, signInPage } from './pages.ts';
import type { Person } from './people.ts';
import { textsFor } from './texts.ts';

export type AppOptions = {
  readonly people: readonly Person[];
  /** Who answers at the moment. @throws when nobody does yet */
  readonly running: () => { readonly issuer: string; readonly provider: Provider };
  readonly logLevel: string;
};

type SignInForm = { readonly action: string; readonly username: string; readonly password: string };

/** Builds the pages, and passes whatever is not one of them to the provider. */
export async function buildApp({ people, running, logLevel }: AppOptions): Promise<FastifyInstance> {
  // Requests are not logged: addresses contain codes.
  const logController = new LogController({ disableRequestLogging: true });
  const logger = { level: logLevel, formatters: { level: (level: string) => ({ level }) } };
  const app = fastify({ logger, logController, bodyLimit: 4096 });

  app.addHook('onRequest', async ({ raw }) => {
    const { host, protocol } = new URL(running().issuer);
    // All addresses that the provider writes follow from these: they have to be the issuer's, whoever asks from where.
    Object.assign(raw.headers, {
      host,
      'x-forwarded-host': host,
      'x-forwarded-proto': protocol.slice(0, -1),
    });
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: FastifyRequest, body: string) => Object.fromEntries(new URLSearchParams(body)),
  );

  app.get('/live', async () => ({ status: 'live' }));
  app.get('/ready', async () => ({ status: 'ready' }));
  app.get('/', async (request, reply) =>
    send(reply, homePage(textsOf(request), people, running().provider.pathFor('end_session'))),
  );

  app.get('/sign-in/:id', async (request, reply) => {
    const { texts, ...shown } = await asked(request, reply);
    return send(reply, signInPage(texts, shown));
  });

  app.post<{ Body: Partial<SignInForm> | undefined }>('/sign-in/:id', async (request, reply) => {
    const { texts, ...shown } = await asked(request, reply);
    if (request.headers.origin !== running().issuer) return send(reply, problemPage(texts, 'broken'), 403);
    const { action, username = '', password } = request.body ?? {};
    const person = people.find((known) => known.username === username && known.password === password);
    if (action !== 'cancel' && person === undefined)
      return send(reply, signInPage(texts, { ...shown, username, wrong: true }), 401);
    const result =
      action === 'cancel' || person === undefined
        ? { error: 'access_denied', error_description: 'the person has cancelled the sign-in' }
        : { login: { accountId: person.subject, amr: ['pwd'] } };
    const next = await running().provider.interactionResult(request.raw, reply.raw, result);
    return reply.header('cache-control', 'no-store').redirect(next, 303);
  });

  /** What a client has asked this browser for. @throws SessionNotFound when there is nothing (any more) */
  async function asked(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<SignIn & { texts: ReturnType<typeof textsOf> }> {
    const { params } = await running().provider.interactionDetails(request.raw, reply.raw);
    const { client_id: id, login_hint: hint, ui_locales: locales } = params;
    const client = await running().provider.Client.find(String(id));
    return {
      texts: textsOf(request, locales),
      client: client?.clientName ?? String(id),
      username: typeof hint === 'string' ? hint : '',
      people,
    };
  }

  await app.register(async (rest) => {
    // The provider reads bodies itself.
    rest.removeAllContentTypeParsers();
    rest.addContentTypeParser('*', async () => undefined);
    rest.all('/*', async (request, reply) => {
      reply.hijack();
      await running().provider.callback()(request.raw, reply.raw);
    });
  });

  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode >= 500) app.log.warn({ error: String(error) }, 'a request failed');
    const what = error instanceof errors.SessionNotFound ? 'tooOld' : 'broken';
    return send(reply, problemPage(textsOf(request), what), statusCode);
  });
  return app;
}

function send(reply: FastifyReply, { html, headers }: Page, status = 200): FastifyReply {
  return reply.code(status).headers(headers).send(html);
}

function textsOf(request: FastifyRequest, uiLocales?: unknown) {
  return textsFor(uiLocales, request.headers['accept-language']);
}
