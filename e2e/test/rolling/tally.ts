import { type Answer, type Request, send } from '@latchkey/person';

export type Tally = {
  readonly answered: number;
  /** What was not answered as expected, one line for each. */
  readonly failures: readonly string[];
  /** Sends a request. One that gets no answer, or one with another status than expected, is a failure. */
  ask(client: Asking, request: Request, ...expected: number[]): Promise<Answer | undefined>;
};

type Asking = { url: string; via: string; fetch: typeof globalThis.fetch };

/** Counts the answers to all clients together. */
export function createTally(): Tally {
  const failures: string[] = [];
  const startedAt = performance.now();
  let answered = 0;
  const fail = (what: string) => {
    failures.push(`${((performance.now() - startedAt) / 1000).toFixed(2)} s: ${what}`);
  };
  return {
    get answered() {
      return answered;
    },
    failures,
    async ask({ url, via, fetch }, request, ...expected) {
      const what = `${request.method ?? 'GET'} ${request.path} through ${via}`;
      try {
        const answer = await send(url, request, { fetch, timeoutMs: 30_000 });
        answered += 1;
        if (expected.includes(answer.status)) return answer;
        fail(`${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
      } catch (error) {
        const { message, code = '' } = error as Error & { code?: string };
        fail(`${what}: ${message} ${code}`);
      }
      return undefined;
    },
  };
}
