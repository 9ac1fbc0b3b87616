/** The members of a problem document (RFC 9457) that the session uses. */
export type Problem = {
  readonly code: string | null;
  readonly detail: string | null;
  /** Why a session or a token is no longer valid. */
  readonly reason: string | null;
};

/** Reads and consumes an answer's body. Every member is null if it is not a problem document. */
export async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  const { code, detail, reason } = (typeof body === 'object' ? (body ?? {}) : {}) as Record<string, unknown>;
  return { code: textOf(code), detail: textOf(detail), reason: textOf(reason) };
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
