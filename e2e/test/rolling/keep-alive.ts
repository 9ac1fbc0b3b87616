import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

export type KeepAlive = { fetch: typeof globalThis.fetch; close(): void };

/**
 * A client with one connection to each origin, which it keeps as long as the server does. It repeats nothing: if a
 * connection breaks, the request fails.
 */
export function createKeepAlive(): KeepAlive {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const fetch = async (input: URL | string, { method = 'GET', headers, body, signal }: RequestInit = {}) => {
    const sent = httpRequest(input, {
      agent,
      method,
      headers: headers as Record<string, string>,
      ...(signal && { signal }),
    });
    sent.end(body as string | null);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const bytes = await buffer(answer);
    const pairs = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    );
    const { statusCode = 0 } = answer;
    return new Response(statusCode === 204 ? null : bytes, { status: statusCode, headers: pairs });
  };
  return { fetch: fetch as typeof globalThis.fetch, close: () => agent.destroy() };
}
