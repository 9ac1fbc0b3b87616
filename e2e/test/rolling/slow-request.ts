import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';

export type SlowRequest = { path: string; token?: string; json: object; headers?: Record<string, string> };

/**
 * Sends a POST of which the replica has read the head, and does not get the rest before it is told to.
 *
 * @returns a function that sends the rest, and resolves to the answer
 */
export async function beginSlowly(
  url: string,
  { path, token, json, headers }: SlowRequest,
): Promise<() => Promise<{ status: number | undefined; text: string }>> {
  const body = JSON.stringify(json);
  const sent = httpRequest(url + path, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      // The replica says so when it has read the head (RFC 9110 §10.1.1).
      expect: '100-continue',
      ...headers,
    },
  });
  sent.flushHeaders();
  await once(sent, 'continue');
  return async () => {
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: answer.statusCode, text: await text(answer) };
  };
}

/** Waits until the replica accepts no connection any more. */
export async function untilClosed(url: string): Promise<void> {
  const { hostname: host, port } = new URL(url);
  await eventually(`${url} accepts no connection`, async () => {
    const socket = connect({ host, port: Number(port) });
    const [outcome] = await Promise.race([
      once(socket, 'connect').then(() => ['accepted']),
      once(socket, 'error').then(() => ['refused']),
    ]).catch((error: { code?: string }) => [error.code === 'ECONNREFUSED' ? 'refused' : error.code]);
    socket.destroy();
    expect(outcome).toBe('refused');
  });
}
