import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
};

export type Answer = {
  status: number;
  body?: object | string;
  headers?: Record<string, string>;
};

export type HttpServer = {
  readonly origin: string;
  /** Every request received, the oldest first. */
  readonly asked: Asked[];
  close(): Promise<void>;
};

/** A server on a loopback port. `undefined` instead of an answer breaks the connection. */
export async function startHttpServer(
  answer: (asked: Asked) => Promise<Answer | undefined> | Answer | undefined,
): Promise<HttpServer> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const entry = { method, path: url, headers, text: await textOf(request) };
    asked.push(entry);
    send(response, await answer(entry));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function problem(
  status: number,
  code: string,
  { headers = {}, ...members }: { headers?: Record<string, string>; reason?: string; detail?: string } = {},
): Answer {
  return {
    status,
    body: { type: 'about:blank', status, code, ...members },
    headers: { 'content-type': 'application/problem+json', ...headers },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

function send(response: ServerResponse, answer: Answer | undefined): void {
  if (answer === undefined) {
    response.socket?.destroy();
    return;
  }
  const { status, body, headers } = answer;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'object' ? JSON.stringify(body) : body);
}
