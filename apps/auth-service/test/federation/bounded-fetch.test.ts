import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startNetworkLink } from '@latchkey/service-kit/testing';
import { expect, test } from 'vitest';
import { createBoundedFetch } from '../../src/federation/bounded-fetch.ts';

test('of several connections that went silent, only one costs a request', async () => {
  const waiting: ServerResponse[] = [];
  // Answers once there are as many requests as it wants, so that each has a connection of its own.
  let wanted = 3;
  const provider = createServer((_request, response) => {
    waiting.push(response);
    if (waiting.length >= wanted) for (const one of waiting.splice(0)) one.end('{}');
  });
  await once(provider.listen(0, '127.0.0.1'), 'listening');
  const link = await startNetworkLink(`http://127.0.0.1:${(provider.address() as AddressInfo).port}`);
  const fetch = createBoundedFetch({});
  const ask = (signal: AbortSignal) =>
    fetch(link.url, { method: 'GET', headers: {}, body: undefined, redirect: 'manual', signal });
  const patient = () => AbortSignal.timeout(60_000);
  try {
    await Promise.all([1, 2, 3].map(() => ask(patient())));
    wanted = 1;
    // From now on all three wait for a request.
    await ask(patient());
    link.silence();
    await expect(ask(AbortSignal.timeout(500))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect((await ask(patient())).status).toBe(200);
  } finally {
    await link.close();
    provider.closeAllConnections();
    provider.close();
  }
});
