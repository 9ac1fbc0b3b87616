import type { Service } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { requestOrigin } from '../../audit/request-origin.ts';
import { isSelfRegistered, type PersonsClient } from '../../clients/clients.ts';
import type { Login } from '../../logins/login-store.ts';
import type { OwnCookies } from '../../logins/own-cookies.ts';
import { acceptForms, queryOf, readText } from '../form-body.ts';
import { answerClient } from './answer-client.ts';
import type { Authorization, SignedIn } from './authorization.ts';
import { AuthorizationError, type AuthorizationErrorCode } from './authorization-error.ts';
import { type ParseOptions, parseAuthorizationRequest, pushedReference } from './authorization-request.ts';
import { type FoundRequest, type FoundRequests, pageExpired } from './found-requests.ts';
import { noProgress, type Step } from './next-step.ts';
import { type AuthorizationPages, faultOf } from './pages.ts';
import type { PendingRequest, PendingRequests } from './pending-requests.ts';
import type { PushedRequests } from './pushed-requests.ts';

export type AuthorizationRoutesOptions = {
  readonly issuer: string;
  readonly authorization: Authorization;
  readonly requests: FoundRequests;
  /** Where a person signs in at the provider that the request names; undefined for our own page. */
  readonly entranceFor: (pending: PendingRequest, login: Login | undefined) => string | undefined;
  readonly cookies: OwnCookies;
  readonly pages: AuthorizationPages;
  readonly pending: PendingRequests;
  readonly pushed: PushedRequests;
  /** Counts a request that has to be kept, by the address that it comes from. */
  readonly admit: (address: string) => Promise<void>;
  readonly parsing: ParseOptions;
};

const formSchema = Type.Object(
  {
    action: Type.Enum(['sign_in', 'continue', 'another', 'allow', 'deny']),
    username: Type.Optional(Type.String({ maxLength: 256 })),
    // No maxLength, so that what is too long for a password is a wrong one, as everywhere.
    password: Type.Optional(Type.String()),
  },
  { additionalProperties: true },
);

const hidden = { hide: true };

/**
 * The authorization endpoint (RFC 6749 §3.1) and its pages:
 *
 * - GET and POST /authorize take a request, and answer it at once or lead to its pages
 * - GET /authorize/:id shows the page that comes next
 * - POST /authorize/:id takes what the person typed or decided there
 */
export async function authorizationRoutes(app: Service, options: AuthorizationRoutesOptions): Promise<void> {
  const { issuer, authorization, cookies, pages, pending, requests } = options;
  acceptForms(app);
  app.setErrorHandler((error, request, reply) => pages.sendError(error, request, reply));

  const begin = async (request: FastifyRequest, reply: FastifyReply, text: string) => {
    const reference = pushedReference(text);
    const parsed = parseAuthorizationRequest(
      reference === undefined ? text : await pushedParameters(reference),
      options.parsing,
    );
    requests.refuseRevoked(parsed.client);
    const signedIn = await authorization.whoIs(cookies.loginsOf(request));
    const step = await authorization.next(parsed.request, { ...parsed, progress: noProgress, signedIn });
    const isAnswered = step === 'grant' || typeof step === 'object';
    if (typeof step === 'object') await refuseStranger(parsed.client, signedIn, step.error);
    if (!isAnswered) await options.admit(request.ip);
    const useUp = async () => {
      if (reference !== undefined && !(await options.pushed.use(reference.uri))) throw unknownReference();
    };
    if (isAnswered) return answer(reply, { ...parsed, useUp, step, signedIn });
    const kept = await pending.begin(parsed.request, noProgress, cookies.ensureBrowser(reply));
    // Last, so that a store that is away or full uses up nothing.
    await useUp();
    const entrance = step === 'sign_in' ? options.entranceFor(kept, signedIn?.login) : undefined;
    return entrance === undefined
      ? toPages(reply, kept.id)
      : reply.code(303).header('location', entrance).send();
  };

  app.get('/authorize', { schema: hidden }, (request, reply) =>
    begin(request, reply, queryOf(request.raw.url)),
  );

  // Read as a query is, so that what is wrong with it is told to the same party (OpenID Connect Core §3.1.2.1).
  await app.register(async (posted) => {
    acceptForms(posted, (body) => ({ text: readText(body) }));
    posted.post('/authorize', { schema: hidden }, (request, reply) =>
      begin(request, reply, (request.body as { text: string } | undefined)?.text ?? ''),
    );
  });

  app.get<{ Params: { id: string } }>('/authorize/:id', { schema: hidden }, async (request, reply) => {
    const found = await requests.find(request, request.params.id);
    const signedIn = await authorization.whoIs(cookies.loginsOf(request));
    return proceed(request, reply, { found, signedIn });
  });

  app.post('/authorize/:id', { schema: { ...hidden, body: formSchema } }, async (request, reply) => {
    // Our pages send their origin. Another site's form has another one, and cannot know the id either.
    if (request.headers.origin !== new URL(issuer).origin)
      return pages.problem(request, reply, 'foreign', 403);
    const { id } = request.params as { id: string };
    const found = await requests.find(request, id);
    const { action } = request.body;
    const origin = requestOrigin(request);
    const clientId = found.client.id;

    if (action === 'sign_in') {
      const { username = '', password = '' } = request.body;
      if (username === '' || password === '')
        return pages.signIn(request, reply, { found, username, fault: 'missing' });
      try {
        const replaces = cookies.loginsOf(request);
        const signedIn = await authorization.signIn({ username, password }, { clientId, replaces, origin });
        cookies.setLogin(reply, signedIn.id);
        await requests.advance(found, { login: signedIn.login.digest, hasSignedIn: true });
        return toPages(reply, id);
      } catch (error) {
        const fault = faultOf(error);
        if (fault === undefined) throw error;
        return pages.signIn(request, reply, { found, username, ...fault });
      }
    }

    const signedIn = await authorization.whoIs(cookies.loginsOf(request));
    if (action === 'deny') {
      authorization.deny(clientId, signedIn, origin);
      return answer(reply, {
        ...found,
        useUp: () => finish(found),
        step: { error: 'access_denied' },
        signedIn,
      });
    }
    // What follows is decided only by who is signed in; without a login the next page asks for one.
    if (signedIn === undefined) return toPages(reply, id);
    if (action === 'another') {
      await requests.advance(found, noProgress);
      return pages.signIn(request, reply, { found, username: '' });
    }
    const login = signedIn.login.digest;
    if (action === 'continue') await requests.advance(found, { login, hasChosen: true });
    if (action === 'allow') {
      // Only what comes next can be allowed: not what nobody has seen.
      const step = await authorization.next(found.request, { ...found, signedIn });
      if (step === 'consent') {
        await authorization.allow(found.request, signedIn, origin);
        await requests.advance(found, { login, hasAllowed: true });
      }
    }
    return toPages(reply, id);
  });

  async function pushedParameters({ uri, clientId }: { uri: string; clientId: string | undefined }) {
    const found = await options.pushed.find(uri, clientId);
    if (found === undefined) throw unknownReference();
    return found;
  }

  /**
   * Whoever registered themselves could use us to send people to their pages, with a link that leads to us. So such an
   * application is told an error only about somebody who has dealt with it before (RFC 9700 §4.11.2).
   */
  async function refuseStranger(
    client: PersonsClient,
    signedIn: SignedIn | undefined,
    error: AuthorizationErrorCode,
  ): Promise<void> {
    if (!isSelfRegistered(client)) return;
    if (signedIn !== undefined && (await authorization.hasConsented(signedIn, client.id))) return;
    throw new AuthorizationError('invalid_request', descriptions[error] ?? error);
  }

  async function proceed(
    request: FastifyRequest,
    reply: FastifyReply,
    { found, signedIn }: { found: FoundRequest; signedIn: SignedIn | undefined },
  ): Promise<FastifyReply> {
    const step = await authorization.next(found.request, { ...found, signedIn });
    if (step === 'grant' || typeof step === 'object')
      return answer(reply, { ...found, useUp: () => finish(found), step, signedIn });
    if (step === 'sign_in' || signedIn === undefined)
      return pages.signIn(request, reply, { found, username: found.request.loginHint ?? '' });
    const { account } = signedIn;
    return step === 'consent'
      ? pages.consent(request, reply, { found, account })
      : pages.chooseAccount(request, reply, { found, account });
  }

  async function answer(
    reply: FastifyReply,
    of: {
      readonly request: FoundRequest['request'];
      /** Ends the request. Throws if that was done before. */
      readonly useUp: () => Promise<void>;
      readonly step: Step;
      readonly signedIn: SignedIn | undefined;
    },
  ): Promise<FastifyReply> {
    const { request, useUp, step, signedIn } = of;
    if (typeof step === 'object') {
      await useUp();
      const description = descriptions[step.error] ?? step.error;
      return answerClient(reply, request, { error: step.error, description }, issuer);
    }
    if (signedIn === undefined) throw new TypeError('nobody is signed in');
    const code = await authorization.grant({ request, useUp }, signedIn, requestOrigin(reply.request));
    return answerClient(reply, request, { code }, issuer);
  }

  async function finish({ id }: FoundRequest): Promise<void> {
    if (!(await pending.finish(id))) throw pageExpired();
  }

  function toPages(reply: FastifyReply, id: string): FastifyReply {
    return reply.code(303).header('location', `${issuer}/authorize/${id}`).send();
  }
}

const descriptions: Readonly<Record<string, string>> = {
  access_denied: 'The person did not allow it.',
  login_required: 'Nobody is signed in, and prompt=none allows no page.',
  consent_required: 'The person has not allowed this, and prompt=none allows no page.',
  account_selection_required: 'An account must be chosen, and prompt=none allows no page.',
};

function unknownReference(): AuthorizationError {
  return new AuthorizationError('invalid_request', 'The request_uri is unknown, expired or used.');
}
