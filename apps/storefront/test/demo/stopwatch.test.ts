import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { timed } from '../../src/demo/stopwatch.ts';

/** The URL of a service that gives these answers in turn and then repeats the last. 0 breaks the connection. */
async function serviceThat(...statuses: readonly number[]): Promise<string> {
  const answers = [...statuses];
  const server = createServer((_request, response) => {
    const status = (answers.length > 1 ? answers.shift() : answers[0]) ?? 0;
    if (status === 0) response.destroy();
    else response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const measured = expect.any(Number);

test.each([
  { answers: [200, 200, 401], watch: { before: 200, after: 401, elapsed: measured } },
  { answers: [200, 0, 401], watch: { before: 200, after: 401, elapsed: measured } },
  { answers: [200, 503, 401], watch: { before: 200, after: 401, elapsed: measured } },
  { answers: [403, 401], watch: { before: 403, after: 401, elapsed: measured } },
  { answers: [401], watch: { before: 401, after: 401, elapsed: null } },
  { answers: [0, 401], watch: { before: 0, after: 401, elapsed: null } },
])('of $answers the stopwatch makes $watch', async ({ answers, watch }) => {
  const services = {
    'cart-service': await serviceThat(...answers),
    'wishlist-service': await serviceThat(200, 401),
    'payment-service': await serviceThat(200, 401),
  };
  const { result, stopwatch } = await timed(services, 'a.b.c', async () => 'done');
  expect(result).toBe('done');
  expect(stopwatch[0]).toMatchObject({
    before: { status: watch.before },
    after: { status: watch.after },
    elapsed_ms: watch.elapsed,
  });
});
