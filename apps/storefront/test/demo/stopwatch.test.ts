import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { timed } from '../../src/demo/stopwatch.ts';

/** The URL of a service that gives these answers in turn and then repeats the last. 0 breaks the connection. */
async function serviceThat(...statuses: readonly (number | string)[]): Promise<string> {
  const answers = [...statuses];
  const server = createServer((_request, response) => {
    const [status, reason] = String((answers.length > 1 ? answers.shift() : answers[0]) ?? 0).split(' ');
    if (status === '0') response.destroy();
    else response.writeHead(Number(status)).end(JSON.stringify({ reason }));
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
const revoked = '401 sign_out';

test.each([
  { answers: [200, 200, revoked], watch: { before: 200, after: 401, elapsed: measured } },
  { answers: [200, 0, revoked], watch: { before: 200, after: 401, elapsed: measured } },
  { answers: [200, 503, revoked], watch: { before: 200, after: 401, elapsed: measured } },
  { answers: [403, revoked], watch: { before: 403, after: 401, elapsed: measured } },
  { answers: [401], watch: { before: 401, after: 401, elapsed: null } },
  { answers: [0, 401], watch: { before: 0, after: 401, elapsed: null } },
])('of $answers the stopwatch makes $watch', async ({ answers, watch }) => {
  const services = {
    'cart-service': await serviceThat(...answers),
    'wishlist-service': await serviceThat(200, revoked),
    'payment-service': await serviceThat(200, revoked),
  };
  const { result, stopwatch } = await timed(services, 'a.b.c', async () => 'done');
  expect(result).toBe('done');
  expect(stopwatch[0]).toMatchObject({
    before: { status: watch.before },
    after: { status: watch.after },
    elapsed_ms: watch.elapsed,
  });
});

test('a refusal without a reason is asked for again, until the service knows the reason', async () => {
  const services = {
    'cart-service': await serviceThat(200, 200, 401, 0, 401, '401 key_revoked'),
    'wishlist-service': await serviceThat(200, revoked),
    'payment-service': await serviceThat(200, revoked),
  };
  const { stopwatch } = await timed(services, 'a.b.c', async () => 'done');
  expect(stopwatch[0]?.after).toMatchObject({ status: 401, reason: 'key_revoked' });
  expect(stopwatch[1]?.after).toMatchObject({ status: 401, reason: 'sign_out' });
});
