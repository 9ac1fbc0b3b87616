import type { IncomingMessage } from 'node:http';
import { randomHex } from '../random-hex.ts';

const sane = /^[A-Za-z0-9._-]{1,64}$/;

/** The caller's X-Request-Id when it is short and plain, else a new one of 32 hex digits. */
export function requestIdOf(request: IncomingMessage): string {
  return plainRequestId(request.headers['x-request-id']);
}

/** The same for a given header value. */
export function plainRequestId(given: unknown): string {
  return typeof given === 'string' && sane.test(given) ? given : randomHex(16);
}
