/** The members of a problem document (RFC 9457) that the session uses. */
export type Problem = {
  readonly code: string | null;
  readonly detail: string | null;
  /** Why a session or a token is no longer valid. */
  readonly reason: string | null;
};

/**
 * Reads and consumes an answer's body: a problem document, or an error of OAuth (RFC 6749 §5.2). Every member is null if
 * it is neither.
 */
export async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  const members = (typeof body === 'object' ? (body ?? {}) : {}) as Record<string, unknown>;
  const { code, error, detail, error_description: description, reason } = members;
  return {
    code: textOf(code) ?? textOf(error),
    detail: textOf(detail) ?? textOf(description),
    reason: textOf(reason),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Seconds of a Retry-After header (RFC 9110 §10.2.3), which may also be a date; undefined without one. */
export function retryAfterSecondsOf({ headers }: Response, nowMs: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  // Date.parse accepts much that is not an HTTP date.
  if (!/^[A-Z][a-z]{2}/.test(value)) return undefined;
  const seconds = Math.ceil((Date.parse(value) - nowMs) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
