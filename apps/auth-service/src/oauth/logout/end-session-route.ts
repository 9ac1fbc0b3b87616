import type { Service } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requestOrigin } from '../../audit/request-origin.ts';
import { type ClientDirectory, isSelfRegistered } from '../../clients/clients.ts';
import { isRegistered } from '../../clients/redirect-uri.ts';
import { subjectFor } from '../../clients/subject-identifier.ts';
import type { LoginEnd } from '../../logins/end-login.ts';
import type { OwnCookies } from '../../logins/own-cookies.ts';
import { languageFor } from '../../pages/language.ts';
import type { Page } from '../../pages/layout.ts';
import { sendPage } from '../../pages/send-page.ts';
import { signedOutPage, signOutPage, stillSignedInPage } from '../../pages/sign-out-page.ts';
import type { IdTokenHint } from '../../tokens/id-token.ts';
import type { Authorization, SignedIn } from '../authorization/authorization.ts';
import { AuthorizationError } from '../authorization/authorization-error.ts';
import type { AuthorizationPages } from '../authorization/pages.ts';
import { acceptForms, queryOf, readQuery } from '../form-body.ts';

export type EndSessionRouteOptions = {
  readonly issuer: string;
  readonly readHint: (token: string) => IdTokenHint | undefined;
  readonly authorization: Pick<Authorization, 'whoIs'>;
  readonly clients: ClientDirectory;
  readonly loginEnd: Pick<LoginEnd, 'end'>;
  readonly cookies: OwnCookies;
  readonly pages: Pick<AuthorizationPages, 'sendError' | 'problem'>;
};

const names = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales'] as const;

type Parameters = Partial<Record<(typeof names)[number], string>>;

/**
 * GET and POST /end-session (OpenID Connect RP-Initiated Logout §2): ends the login of this browser and every session
 * that began with it, and tells their applications. With an ID token of who is signed in, at once; otherwise a page asks
 * first, so that no other site can sign people out; who answers no stays signed in. Returns to a registered URI only.
 */
export async function endSessionRoute(app: Service, options: EndSessionRouteOptions): Promise<void> {
  const { issuer, authorization, clients, cookies, pages, loginEnd } = options;
  acceptForms(app);
  app.setErrorHandler((error, request, reply) => pages.sendError(error, request, reply));
  const address = `${issuer}/end-session`;

  app.get('/end-session', { schema: { hide: true } }, async (request, reply) => {
    const parameters = read(queryOf(request.raw.url));
    const signedIn = await authorization.whoIs(cookies.loginsOf(request));
    const target = targetOf(parameters, signedIn);
    if (signedIn === undefined) return finish(request, reply, target);
    if (isAbout(target.hint, signedIn)) {
      await loginEnd.end(signedIn.login, requestOrigin(request));
      return finish(request, reply, target);
    }
    const { uri } = target;
    const page = signOutPage({
      language: languageOf(request, parameters),
      action: address,
      username: signedIn.account.username,
      parameters,
      formsTo: uri === undefined ? ["'self'", new URL(issuer).origin] : 'anywhere',
    });
    return sendPage(reply, page);
  });

  app.post('/end-session', { schema: { hide: true } }, async (request, reply) => {
    const body = (request.body ?? {}) as Readonly<Record<string, string>>;
    const isOurs = request.headers.origin === new URL(issuer).origin;
    // The form of an application: browsers send our cookie only once it is a GET request.
    if (!isOurs || body['answer'] === undefined)
      return reply
        .code(303)
        .header('location', `${address}?${new URLSearchParams(body)}`)
        .send();
    const signedIn = await authorization.whoIs(cookies.loginsOf(request));
    const target = targetOf(read(new URLSearchParams(body).toString()), signedIn);
    if (signedIn !== undefined && body['answer'] !== 'yes') {
      const language = languageOf(request, target.parameters);
      return leave(reply, target, stillSignedInPage(language, signedIn.account.username));
    }
    if (signedIn !== undefined) await loginEnd.end(signedIn.login, requestOrigin(request));
    return finish(request, reply, target);
  });

  /** Whether the ID token says who is signed in. Its client may know them by a subject of its own. */
  function isAbout(hint: IdTokenHint | undefined, signedIn: SignedIn | undefined): boolean {
    if (hint === undefined || signedIn === undefined) return false;
    return hint.subject === subjectFor(clients.find(hint.clientId), signedIn.account.id);
  }

  type Target = {
    readonly hint: IdTokenHint | undefined;
    /** Where to return to, with the state. */
    readonly uri: string | undefined;
    readonly parameters: Parameters;
  };

  function targetOf(parameters: Parameters, signedIn: SignedIn | undefined): Target {
    const { id_token_hint: token, post_logout_redirect_uri: asked, state } = parameters;
    const hint = token === undefined ? undefined : options.readHint(token);
    const clientId = parameters.client_id ?? hint?.clientId;
    if (hint !== undefined && clientId !== hint.clientId)
      throw new AuthorizationError('invalid_request', 'The ID token was issued to another client.');
    // A hint that we cannot read names no client, so nobody returns anywhere; who is signed in is asked (§4).
    const isOfNobody = token !== undefined && clientId === undefined;
    if (asked === undefined || isOfNobody) return { hint, uri: undefined, parameters };
    const client = clientId === undefined ? undefined : clients.find(clientId);
    const registered = client?.kind === 'application' ? client.postLogoutRedirectUris : [];
    if (!isRegistered(asked, registered))
      throw new AuthorizationError(
        'invalid_request',
        'The client has not registered this post_logout_redirect_uri.',
      );
    // Nobody has judged where an application that registered itself sends people. So a link leads there only for who has
    // signed in to it (RFC 9700 §4.11.2).
    if (client && isSelfRegistered(client) && !isAbout(hint, signedIn))
      return { hint, uri: undefined, parameters };
    const query =
      state === undefined ? '' : `${asked.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`;
    return { hint, uri: `${asked}${query}`, parameters };
  }

  /** For a browser in which nobody is signed in any more. */
  function finish(request: FastifyRequest, reply: FastifyReply, target: Target): FastifyReply {
    cookies.clearLogin(reply);
    return leave(reply, target, signedOutPage(languageOf(request, target.parameters)));
  }

  /** Returns to the application; `page` is for who has none to return to. */
  function leave(reply: FastifyReply, { uri }: Target, page: Page): FastifyReply {
    return uri === undefined ? sendPage(reply, page) : reply.code(303).header('location', uri).send();
  }
}

function languageOf(request: FastifyRequest, { ui_locales: uiLocales }: Parameters) {
  return languageFor({ uiLocales, acceptLanguage: request.headers['accept-language'] });
}

/** Reads the parameters that we know. */
function read(text: string): Parameters {
  let form: Readonly<Record<string, string>>;
  try {
    form = readQuery(text);
  } catch (error) {
    throw new AuthorizationError('invalid_request', (error as Error).message);
  }
  const known = names.filter((name) => form[name] !== undefined);
  return Object.fromEntries(known.map((name) => [name, form[name]]));
}
