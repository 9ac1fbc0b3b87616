import { isDatabaseUnavailable, ProblemError, type Service } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Account } from '../accounts/account.ts';
import { requestOrigin } from '../audit/request-origin.ts';
import type { SignInElsewhere } from '../logins/login-store.ts';
import type { OwnCookies } from '../logins/own-cookies.ts';
import { languageFor } from '../pages/language.ts';
import { problemPage } from '../pages/problem-page.ts';
import { sendPage } from '../pages/send-page.ts';
import type { Texts } from '../pages/texts.ts';
import type { Federated, Federation } from './federation.ts';
import { acceptFormText, formText } from './form-text.ts';
import type { Identities } from './identities.ts';
import { providerIdPattern } from './provider.ts';
import { UpstreamError, type UpstreamFault } from './upstream-error.ts';
import type { Purpose, UpstreamState, UpstreamStates } from './upstream-states.ts';

/** An authorization request for which somebody signs in. oauth/ provides it. */
export type WaitingRequest = {
  /** How long ago the person may have signed in, in seconds; undefined: any time. */
  readonly maxAge: number | undefined;
  readonly uiLocales: string | undefined;
  /** The page on which it goes on. */
  readonly page: string;
  /** Continues it for who has signed in. */
  signIn(reply: FastifyReply, account: Account, elsewhere: SignInElsewhere): Promise<void>;
};

export type UpstreamRoutesOptions = {
  readonly federation: Federation;
  readonly states: UpstreamStates;
  readonly identities: Identities;
  readonly cookies: OwnCookies;
  /** Rejects when there is no such request in this browser. */
  readonly findRequest: (request: FastifyRequest, id: string) => Promise<WaitingRequest>;
  /** Counts a state that is kept, by the address that it comes from. */
  readonly admit: (address: string) => Promise<void>;
  readonly sendError: (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply;
};

const hidden = { hide: true };
const params = Type.Object({ provider: Type.String({ pattern: providerIdPattern }) });

/**
 * Signing in elsewhere:
 *
 * - GET /providers/:provider/sign-in sends the browser to the provider
 * - GET and POST /providers/:provider/callback is where it returns
 *
 * A provider that is down, slow or wrong leads to a page that says so, and from there to all other ways to sign in.
 */
export async function upstreamRoutes(app: Service, options: UpstreamRoutesOptions): Promise<void> {
  const { federation, states, identities, cookies, findRequest } = options;
  acceptFormText(app);
  app.setErrorHandler((error, request, reply) => options.sendError(error, request, reply));

  const entrance = {
    ...hidden,
    params,
    querystring: Type.Object({ request: Type.String({ maxLength: 64 }) }),
  };
  app.get('/providers/:provider/sign-in', { schema: entrance }, async (request, reply) => {
    const waiting = await findRequest(request, request.query.request);
    const federated = federation.find(request.params.provider);
    if (federated === undefined) return reply.code(303).header('location', waiting.page).send();
    const { maxAge, uiLocales, page } = waiting;
    try {
      if (maxAge !== undefined && !federated.provider.canReauthenticate)
        throw new UpstreamError('refused', 'the provider cannot prove that somebody is there just now');
      const purpose: Purpose = { kind: 'sign_in', requestId: request.query.request };
      await options.admit(request.ip);
      const browser = cookies.ensureBrowser(reply);
      const checks = await states.begin({ provider: federated.provider.id, purpose, maxAge, browser });
      const url = await federated.client.begin(checks, uiLocales);
      return reply.code(303).header('location', url.href).header('cache-control', 'no-store').send();
    } catch (error) {
      return answerFault(reply, error, federated, page);
    }
  });

  app.post('/providers/:provider/callback', { schema: { ...hidden, params } }, async (request, reply) => {
    const { provider } = request.params;
    const answer = formText(request);
    const state = new URLSearchParams(answer).get('state') ?? '';
    if (!(await states.keepAnswer(provider, state, answer))) return problem(reply, 'providerExpired', 404);
    const back = `${federation.redirectUriOf(provider)}?${new URLSearchParams({ state })}`;
    return reply.code(303).header('location', back).header('cache-control', 'no-store').send();
  });

  app.get('/providers/:provider/callback', { schema: { ...hidden, params } }, async (request, reply) => {
    const federated = federation.find(request.params.provider);
    const [, query = ''] = (request.raw.url ?? '').split(/\?(.*)/s);
    const state = new URLSearchParams(query).get('state') ?? '';
    const taken = await states.take(request.params.provider, state, cookies.browsersOf(request));
    if (taken === 'elsewhere') return problem(reply, 'providerElsewhere', 400);
    if (taken === undefined || federated === undefined) return problem(reply, 'providerExpired', 404);
    const callback = new URL(`${federation.redirectUriOf(federated.provider.id)}?${taken.answer ?? query}`);
    const { purpose } = taken;
    return purpose.kind === 'link'
      ? finishLink(reply, { federated, taken, callback, purpose })
      : finishSignIn(reply, { federated, taken, callback, purpose });
  });

  type Finishing<Kind> = {
    readonly federated: Federated;
    readonly taken: UpstreamState;
    readonly callback: URL;
    readonly purpose: Extract<Purpose, { kind: Kind }>;
  };

  async function finishSignIn(
    reply: FastifyReply,
    { federated, taken, callback, purpose }: Finishing<'sign_in'>,
  ): Promise<FastifyReply> {
    const { provider, client } = federated;
    const waiting = await findRequest(reply.request, purpose.requestId);
    try {
      const person = await client.complete(callback, taken.checks);
      const account = await identities.accountOf(provider, person, requestOrigin(reply.request));
      const { authTime, sid } = person;
      await waiting.signIn(reply, account, { provider: provider.id, authTime, sid });
    } catch (error) {
      return answerFault(reply, error, federated, waiting.page);
    }
    return reply.code(303).header('location', waiting.page).header('cache-control', 'no-store').send();
  }

  async function finishLink(
    reply: FastifyReply,
    { federated, taken, callback, purpose }: Finishing<'link'>,
  ): Promise<FastifyReply> {
    const { provider, client } = federated;
    const changing = { ...purpose, origin: requestOrigin(reply.request) };
    let outcome: Awaited<ReturnType<Identities['link']>> | UpstreamFault;
    try {
      outcome = await identities.link(changing, provider, await client.complete(callback, taken.checks));
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      warn(reply, error, provider.id);
      outcome = error.fault;
    }
    const back = new URL(purpose.returnTo);
    back.searchParams.set('identity', outcome);
    back.searchParams.set('provider', provider.id);
    return reply.code(303).header('location', back.href).header('cache-control', 'no-store').send();
  }

  function answerFault(
    reply: FastifyReply,
    error: unknown,
    { provider }: Federated,
    page: string,
  ): FastifyReply {
    // The state and the code are used up, so the page has to lead to a new attempt.
    if (isUnavailable(error)) return problem(reply.header('retry-after', '1'), 'unavailable', 503, page);
    if (!(error instanceof UpstreamError)) throw error;
    const { fault } = error;
    if (fault === 'cancelled') return reply.code(303).header('location', page).send();
    warn(reply, error, provider.id);
    return fault === 'unavailable'
      ? problem(reply.header('retry-after', '5'), 'providerUnavailable', 503, page)
      : problem(reply, 'providerRefused', 400, page);
  }

  function problem(
    reply: FastifyReply,
    what: keyof Texts['problems'],
    status: number,
    back?: string,
  ): FastifyReply {
    const acceptLanguage = reply.request.headers['accept-language'];
    const language = languageFor({ uiLocales: undefined, acceptLanguage });
    return sendPage(reply, problemPage(language, what, { back }), status);
  }
}

/** Whether a store of ours is away. */
function isUnavailable(error: unknown): boolean {
  return (error instanceof ProblemError && error.status === 503) || isDatabaseUnavailable(error);
}

/** Not the cause as a whole: what openid-client puts there may contain tokens. */
function warn(reply: FastifyReply, error: UpstreamError, provider: string): void {
  const { cause, message } = error;
  const because = cause instanceof Error ? { cause: `${cause.name}: ${cause.message}` } : {};
  reply.log.warn(
    { provider, fault: error.fault, reason: message, ...because },
    'a sign-in at a provider failed',
  );
}
