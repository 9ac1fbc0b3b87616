import { isDatabaseUnavailable, ProblemError } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from '../../accounts/account.ts';
import type { PersonsClient } from '../../clients/clients.ts';
import type { Federation } from '../../federation/federation.ts';
import { accountPage } from '../../pages/account-page.ts';
import { consentPage } from '../../pages/consent-page.ts';
import { type Language, languageFor } from '../../pages/language.ts';
import { problemPage } from '../../pages/problem-page.ts';
import { sendPage } from '../../pages/send-page.ts';
import { type ProviderLink, signInPage } from '../../pages/sign-in-page.ts';
import type { Texts } from '../../pages/texts.ts';
import { resourceServers } from '../../permissions/resource-servers.ts';
import { answerClient } from './answer-client.ts';
import { AuthorizationError } from './authorization-error.ts';
import type { FoundRequest } from './found-requests.ts';
import { canServe } from './provider-sign-in.ts';

type Fault = keyof Texts['faults'];

export type AuthorizationPages = ReturnType<typeof createAuthorizationPages>;

/** The pages of authorization requests. */
export function createAuthorizationPages({
  issuer,
  federation,
}: {
  readonly issuer: string;
  readonly federation: Federation;
}) {
  return {
    signIn(
      request: FastifyRequest,
      reply: FastifyReply,
      of: { found: FoundRequest; username: string; fault?: Fault; status?: number; retryAfter?: string },
    ): FastifyReply {
      const { found, username, fault, status, retryAfter } = of;
      if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
      const page = signInPage({
        ...commonOf(request, found),
        username,
        client: found.client.name,
        logo: logoOf(found.client),
        isOurs: found.client.kind !== 'application',
        providers: providersFor(found, languageOf(request, found.request.uiLocales)),
        ...(fault && { fault }),
      });
      return sendPage(reply, page, status ?? (fault === undefined ? 200 : 400));
    },

    chooseAccount(
      request: FastifyRequest,
      reply: FastifyReply,
      of: { found: FoundRequest; account: Account },
    ): FastifyReply {
      const { username } = of.account;
      return sendPage(reply, accountPage({ ...commonOf(request, of.found), username }));
    },

    consent(
      request: FastifyRequest,
      reply: FastifyReply,
      of: { found: FoundRequest; account: Account },
    ): FastifyReply {
      const { found, account } = of;
      const page = consentPage({
        ...commonOf(request, found),
        client: found.client.name,
        logo: logoOf(found.client),
        username: account.username,
        permissions: (found.request.scopes ?? []).map((scope) => ({ scope, service: serviceOf(scope) })),
        place: placeOf(found.request.redirectUri),
      });
      return sendPage(reply, page);
    },

    problem(
      request: FastifyRequest,
      reply: FastifyReply,
      problem: keyof Texts['problems'],
      status: number,
    ): FastifyReply {
      return sendPage(reply, problemPage(languageOf(request), problem), status);
    },

    /** Answers an error with a page, or sends it to the client if the redirect URI is proven. */
    sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
      request.failure = { code: codeOf(error), error };
      const language = languageOf(request);
      if (error instanceof AuthorizationError) {
        if (error.reply !== undefined)
          return answerClient(reply, error.reply, { error: error.code, description: error.message }, issuer);
        const isRevoked = error.code === 'unauthorized_client';
        return sendPage(
          reply,
          isRevoked
            ? problemPage(language, 'revoked')
            : problemPage(language, 'unproven', { description: error.message }),
          isRevoked ? 403 : 400,
        );
      }
      if (error instanceof ProblemError && error.status === 404)
        return sendPage(reply, problemPage(language, 'expired'), 404);
      if (error instanceof ProblemError && error.status === 429) {
        reply.headers(error.headers);
        return sendPage(reply, problemPage(language, 'tooMany'), 429);
      }
      const status = statusOf(error);
      if (status < 500)
        return sendPage(
          reply,
          problemPage(language, 'unproven', { description: 'The request is malformed.' }),
          status,
        );
      if (status === 503) reply.header('retry-after', '1');
      return sendPage(reply, problemPage(language, status === 503 ? 'unavailable' : 'broken'), status);
    },
  };

  /** Only those that can prove what the request demands. */
  function providersFor({ id, request }: FoundRequest, language: Language): readonly ProviderLink[] {
    return federation.providers
      .filter((provider) => canServe(provider, request))
      .map(({ id: provider, labels, look }) => ({
        href: federation.entranceOf(provider, id),
        label: labels[language],
        look,
      }));
  }

  function commonOf(request: FastifyRequest, found: FoundRequest) {
    return {
      language: languageOf(request, found.request.uiLocales),
      action: `${issuer}/authorize/${found.id}`,
    };
  }
}

/** What an error of a sign-in means for the page; undefined for what is no fault of the attempt. */
export function faultOf(error: unknown): { fault: Fault; status: number; retryAfter?: string } | undefined {
  if (!(error instanceof ProblemError)) return undefined;
  const { code, status, headers } = error;
  const retryAfter = headers['retry-after'];
  const more = retryAfter === undefined ? {} : { retryAfter };
  if (code === 'invalid_credentials') return { fault: code, status: 400 };
  if (code === 'too_many_attempts' || code === 'busy') return { fault: code, status, ...more };
  return status === 503 ? { fault: 'unavailable', status, ...more } : undefined;
}

function languageOf(request: FastifyRequest, uiLocales?: string): Language {
  return languageFor({ uiLocales, acceptLanguage: request.headers['accept-language'] });
}

function logoOf(client: PersonsClient): string | undefined {
  return client.kind === 'application' ? (client.logoUri ?? undefined) : undefined;
}

function serviceOf(scope: string): string | undefined {
  return resourceServers.find(({ scopes }) => scopes.some((name) => name === scope))?.audience;
}

/** The host of a web address, or the scheme of a native app. */
function placeOf(redirectUri: string): string {
  const { host, protocol } = new URL(redirectUri);
  return host === '' ? protocol : host;
}

function codeOf(error: unknown): string {
  if (error instanceof AuthorizationError || error instanceof ProblemError) return error.code;
  const status = statusOf(error);
  if (status === 503) return 'database_unavailable';
  return status < 500 ? 'invalid_request' : 'internal_server_error';
}

/** 503 when a store cannot be reached, 500 for a fault of ours. */
function statusOf(error: unknown): number {
  if (error instanceof ProblemError) return error.status;
  const { statusCode, status } = (error ?? {}) as { statusCode?: unknown; status?: unknown };
  const given = statusCode ?? status;
  if (typeof given === 'number' && given >= 400 && given < 500) return given;
  return isDatabaseUnavailable(error) ? 503 : 500;
}
