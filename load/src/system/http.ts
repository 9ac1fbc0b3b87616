import { type Json, messageOf, type Request } from '@latchkey/person';
import type { ServiceKey } from '@latchkey/services';
import { Pool } from 'undici';

export type ServiceName = ServiceKey;

export type { Request };

export type Answer = { readonly status: number; readonly body: Json };

/** Sends requests to one service. */
export type Http = {
  /** Rejects when there is no answer. */
  request(request: Request): Promise<Answer>;
  /** Resolves to the body as text. Rejects if the status is not 200. */
  text(request: Request): Promise<string>;
  /** Resolves to the status alone: reads the body and discards it. */
  status(request: Request): Promise<number>;
  close(): Promise<void>;
};

/** More than are ever busy while a service keeps up. When it does not, requests wait here, and their waiting counts. */
const connections = 256;
/** Longer than any service waits for another one. */
const timeoutMs = 30_000;

/** A client of one service, with keep-alive connections. */
export function createHttp(url: string): Http {
  const pool = new Pool(url, { connections, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });

  const send = (request: Request) => pool.request({ path: request.path, ...messageOf(request, url) });

  return {
    async request(request) {
      const { statusCode, body } = await send(request);
      const text = await body.text();
      return { status: statusCode, body: text.startsWith('{') ? JSON.parse(text) : {} };
    },
    async text(request) {
      const { statusCode, body } = await send(request);
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`GET ${url}${request.path} was answered ${statusCode}`);
      return text;
    },
    async status(request) {
      const { statusCode, body } = await send(request);
      await body.dump();
      return statusCode;
    },
    close: () => pool.destroy(),
  };
}
