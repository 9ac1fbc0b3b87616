import { type Static, Type } from 'typebox';
import type { CodeAndStatus, ProblemCode } from './problem-codes.ts';

// Not an import statement, which reads all exports of node:http: one of them loads Node.js' own fetch, and that was a
// fifth of a service's start.
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/**
 * The body of every error (RFC 9457). `code` is for programs and stable; `detail` is for human readers; `instance` is
 * the request's id, which is also in the log. Use it in a route's `response` schema for each error status.
 *
 * @example
 * response: { 200: cartSchema, 401: problemSchema, 403: problemSchema, 503: problemSchema }
 */
export const problemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.Optional(Type.String()),
    instance: Type.String(),
  },
  { title: 'Problem', description: 'RFC 9457 problem details', additionalProperties: true },
);

export type Problem = Static<typeof problemSchema>;

/** `code` and `status` are those of problemCodes: the compiler refuses others. */
export type ProblemOptions = CodeAndStatus & {
  /** Shown to the caller, so it holds nothing secret. */
  detail: string;
  title?: string;
  headers?: Record<string, string>;
  /** Further members of the body (RFC 9457 §3.2). */
  extensions?: Record<string, unknown>;
  /** For the log, never for the caller. */
  cause?: unknown;
};

/**
 * An error whose text may be shown to the caller. Throw it from a handler; the error handler makes the answer.
 *
 * @example
 * throw new ProblemError({ status: 409, code: 'cart_full', detail: 'A cart holds at most 100 lines.' });
 */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly headers: Record<string, string>;
  readonly extensions: Record<string, unknown>;

  constructor({ status, code, detail, title, headers, extensions, cause }: ProblemOptions) {
    super(detail, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.title = title ?? titleOf(status);
    this.headers = headers ?? {};
    this.extensions = extensions ?? {};
  }
}

/** The status's reason phrase, as RFC 9457 §4.2.1 requires for problems of type about:blank. */
export function titleOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error';
}

/** The phrase as a code, for errors without their own: 404 is `not_found`. */
export function codeOf(status: number): string {
  return titleOf(status)
    .toLowerCase()
    .replaceAll(' ', '_')
    .replaceAll(/[^a-z_]/g, '');
}
