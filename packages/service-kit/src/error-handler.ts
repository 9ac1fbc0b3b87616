import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isDatabaseUnavailable } from './database-errors.ts';
import { codeOf, ProblemError, titleOf } from './problem.ts';

interface Answer {
  status: number;
  code: string;
  title: string;
  detail: string | undefined;
  headers: Readonly<Record<string, string>>;
  extensions: Readonly<Record<string, unknown>>;
}

export const problemContentType = 'application/problem+json; charset=utf-8';
const ownCode = /^[a-z][a-z0-9_]{0,63}$/;

// Fastify's own messages quote the request, so each is replaced.
const fastifyProblems: Readonly<Record<string, readonly [code: string, detail: string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'The body must be application/json.'],
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

/** Every error, unknown route and unknown method becomes application/problem+json (RFC 9457). */
export function addErrorHandler(app: FastifyInstance, allowedMethods: (path: string) => string[]): void {
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const allowed = allowedMethods(request.url.split('?', 1)[0] ?? '');
    if (allowed.length === 0 || allowed.includes(request.method)) {
      return sendProblem(
        new ProblemError({ status: 404, code: 'not_found', detail: 'No such route.' }),
        request,
        reply,
      );
    }
    const headers = { allow: allowed.join(', ') };
    const detail = `This route takes ${allowed.join(', ')}.`;
    return sendProblem(
      new ProblemError({ status: 405, code: 'method_not_allowed', detail, headers }),
      request,
      reply,
    );
  });
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, title, code, detail, headers, extensions } = answerTo(error);
  request.failure = { code, error };
  reply.code(status).headers(headers).type(problemContentType);
  return reply.send(
    JSON.stringify({ type: 'about:blank', title, status, code, detail, instance: request.id, ...extensions }),
  );
}

function answerTo(error: unknown): Answer {
  if (error instanceof ProblemError) return { ...error, title: error.title, detail: error.message };
  // An error that brings its own answer may have a lost connection for a cause: that of a call to another service.
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
  if (code in fastifyProblems) return fastifyProblem(status, code);
  if (!ownCode.test(code)) return plain(status);
  const { headers, expose, extensions } = error as OwnError;
  const detail = status < 500 || expose === true ? error.message : undefined;
  return { ...plain(status), code, headers: headers ?? {}, extensions: extensions ?? {}, detail };
}

/** Errors of other packages that have a code of their own, such as auth-client's. */
interface OwnError {
  headers?: Readonly<Record<string, string>>;
  /** The message may be shown, whatever the status is. */
  expose?: boolean;
  /** Further members of the body (RFC 9457 §3.2). */
  extensions?: Readonly<Record<string, unknown>>;
}

function bringsItsAnswer(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { status, code } = error as { status?: unknown; code?: unknown };
  return typeof status === 'number' && typeof code === 'string' && ownCode.test(code);
}

function fastifyProblem(status: number, fastifyCode: string): Answer {
  const [code, detail] = fastifyProblems[fastifyCode] ?? [codeOf(status), undefined];
  return { ...plain(status), code, detail };
}

function plain(status: number): Answer {
  const detail =
    status === 500 ? 'Something went wrong here. It has been logged under this instance.' : undefined;
  return { status, code: codeOf(status), title: titleOf(status), detail, headers: {}, extensions: {} };
}

function statusOf(error: Error): number {
  const { statusCode, status } = error as { statusCode?: unknown; status?: unknown };
  const given = statusCode ?? status;
  return typeof given === 'number' && Number.isInteger(given) && given >= 400 && given <= 599 ? given : 500;
}

interface FastifyError {
  code?: unknown;
  validation?: { instancePath: string; message?: string }[];
  validationContext?: string;
}

// Ajv's messages name what the schema wants, never what was sent.
function faultOf(validation: { instancePath: string; message?: string }[], context = 'request'): string {
  const [first] = validation;
  return `${context}${first?.instancePath ?? ''} ${first?.message ?? 'is not valid'}`;
}
