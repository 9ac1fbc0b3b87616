import type { Problem } from './traffic.ts';

/** A problem document has a few hundred bytes. A longer body is not one. */
const longestProblem = 16_384;

/** Reads the problem in a refusal's body (RFC 9457; RFC 6749 §5.2 at the token endpoint); null when it has none. */
export async function readProblem(answer: Response): Promise<Problem | null> {
  const type = answer.headers.get('content-type') ?? '';
  if (answer.ok || !/\bjson\b/.test(type)) return null;
  try {
    return problemOf(JSON.parse(await boundedText(answer)));
  } catch {
    return null;
  }
}

function problemOf(body: unknown): Problem | null {
  if (typeof body !== 'object' || body === null) return null;
  const members = body as Record<string, unknown>;
  return {
    code: text(members['code']) ?? text(members['error']),
    reason: text(members['reason']),
    detail: text(members['detail']) ?? text(members['error_description']),
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, 500) : null;
}

async function boundedText(answer: Response): Promise<string> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let read = '';
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done) return read;
    read += part.value;
    if (read.length > longestProblem) {
      await reader?.cancel();
      return '';
    }
  }
}
