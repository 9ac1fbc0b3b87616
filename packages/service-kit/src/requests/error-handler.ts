import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isDatabaseUnavailable } from '../database/errors.ts';
import { codeOf, ProblemError, titleOf } from '../problems/problem.ts';

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyInstance {
    /** Sets the form of all error answers at this path, including those about its body, method and URL. */
    answerErrorsAs(path: string, form: ErrorForm): void;
  }
}

/** An error's content, independent of the form of the answer. All of it may be shown. */
export type ErrorAnswer = {
  status: number;
  code: string;
  title: string;
  detail: string | undefined;
  headers: Readonly<Record<string, string>>;
  extensions: Readonly<Record<string, unknown>>;
};

/** Turns an error into the JSON of a standard other than RFC 9457; undefined leaves it a problem document. */
export type ErrorForm = (answer: ErrorAnswer) => { status: number; body: object } | undefined;

export const problemContentType = 'application/problem+json; charset=utf-8';
const ownCode = /^[a-z][a-z0-9_]{0,63}$/;

// These replace fastify's own messages, which quote the request.
const fastifyProblems: Readonly<Record<string, readonly [code: string, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'The body is too large.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed_body', 'The body is empty, but its content type says JSON.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed_body', 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'malformed_body',
    'The body is not as long as its content-length says.',
  ],
  FST_ERR_BAD_URL: ['malformed_url', 'The URL is not valid.'],
  FST_ERR_MAX_PARAM_LENGTH: ['malformed_url', 'A part of the URL is too long.'],
};

/**
 * Answers all errors, unknown routes and methods with application/problem+json (RFC 9457), or in the path's own form.
 */
export function addErrorHandler(app: FastifyInstance, allowedMethods: (path: string) => string[]): void {
  const forms = new Map<string, ErrorForm>();
  app.decorate('answerErrorsAs', (path, form) => void forms.set(path, form));
  const send = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    sendError(error, { request, reply, form: forms.get(request.routeOptions.url ?? pathOf(request)) });

  app.setErrorHandler(send);
  app.setNotFoundHandler((request, reply) => {
    const allowed = allowedMethods(pathOf(request));
    if (allowed.length === 0 || allowed.includes(request.method)) {
      return send(
        new ProblemError({ status: 404, code: 'not_found', detail: 'No such route.' }),
        request,
        reply,
      );
    }
    const headers = { allow: allowed.join(', ') };
    const detail = `This route takes ${allowed.join(', ')}.`;
    return send(
      new ProblemError({ status: 405, code: 'method_not_allowed', detail, headers }),
      request,
      reply,
    );
  });
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

/** Answers with a problem document, or in the form that the route's standard has for errors. */
export function sendError(
  error: unknown,
  { request, reply, form }: { request: FastifyRequest; reply: FastifyReply; form?: ErrorForm | undefined },
): FastifyReply {
  const answer = answerOf(error, request);
  const { title, code, detail, headers, extensions } = answer;
  request.failure = { code, error };
  const formed = form?.(answer);
  const status = formed?.status ?? answer.status;
  reply
    .code(status)
    .headers(headers)
    .type(formed ? 'application/json' : problemContentType);
  const problem = { type: 'about:blank', title, status, code, detail, instance: request.id, ...extensions };
  return reply.send(JSON.stringify(formed?.body ?? problem));
}

/** The media type that the route accepts. */
function bodyTypeOf(request: FastifyRequest): string {
  return request.routeOptions.schema?.consumes?.join(' or ') ?? 'application/json';
}

function answerOf(error: unknown, request: FastifyRequest): ErrorAnswer {
  try {
    return answerTo(error, request);
  } catch {
    // Reading the error threw.
    return plain(500);
  }
}

function answerTo(error: unknown, request: FastifyRequest): ErrorAnswer {
  if (error instanceof ProblemError) return { ...error, title: error.title, detail: error.message };
  // An error with its own answer may be caused by a lost connection too, but to another service, not to the database.
  if (!bringsItsAnswer(error) && isDatabaseUnavailable(error)) {
    const detail = 'The database cannot be reached. Try again shortly.';
    return { ...plain(503), code: 'database_unavailable', detail, headers: { 'retry-after': '1' } };
  }
  if (!(error instanceof Error)) return plain(500);
  const status = statusOf(error);
  // fastify parses JSON itself and passes the SyntaxError on, whose message quotes the body.
  if (error instanceof SyntaxError && status === 400)
    return fastifyProblem(400, 'FST_ERR_CTP_INVALID_JSON_BODY');
  const { code, validation, validationContext } = error as FastifyError;
  if (validation !== undefined)
    return { ...plain(400), code: 'invalid_request', detail: faultOf(validation, validationContext) };
  if (typeof code !== 'string') return plain(status);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return { ...plain(status), code: codeOf(status), detail: `The body must be ${bodyTypeOf(request)}.` };
  if (code in fastifyProblems) return fastifyProblem(status, code);
  if (!ownCode.test(code)) return plain(status);
  const { headers, expose, extensions } = error as OwnError;
  const detail = status < 500 || expose === true ? error.message : undefined;
  return { ...plain(status), code, headers: headers ?? {}, extensions: extensions ?? {}, detail };
}

/** Errors of other packages with a code of their own, such as auth-client's. */
type OwnError = {
  headers?: Readonly<Record<string, string>>;
  /** Whether the message may be shown even with a status of 500 or more. */
  expose?: boolean;
  /** Further members of the body (RFC 9457 §3.2). */
  extensions?: Readonly<Record<string, unknown>>;
};

function bringsItsAnswer(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { status, code } = error as { status?: unknown; code?: unknown };
  return typeof status === 'number' && typeof code === 'string' && ownCode.test(code);
}

function fastifyProblem(status: number, fastifyCode: string): ErrorAnswer {
  const [code, detail] = fastifyProblems[fastifyCode] ?? [codeOf(status), undefined];
  return { ...plain(status), code, detail };
}

function plain(status: number): ErrorAnswer {
  const detail =
    status === 500 ? 'Something went wrong here. It has been logged under this instance.' : undefined;
  return { status, code: codeOf(status), title: titleOf(status), detail, headers: {}, extensions: {} };
}

function statusOf(error: Error): number {
  const { statusCode, status } = error as { statusCode?: unknown; status?: unknown };
  const given = statusCode ?? status;
  return typeof given === 'number' && Number.isInteger(given) && given >= 400 && given <= 599 ? given : 500;
}

type FastifyError = {
  code?: unknown;
  validation?: { instancePath: string; message?: string }[];
  validationContext?: string;
};

// Ajv's messages name what the schema requires, never what was sent.
function faultOf(validation: { instancePath: string; message?: string }[], context = 'request'): string {
  const [first] = validation;
  return `${context}${first?.instancePath ?? ''} ${first?.message ?? 'is not valid'}`;
}
