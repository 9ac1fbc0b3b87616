import { once } from 'node:events';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { loopbackAddresses } from '@latchkey/testing/loopback';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from '../../src/lifecycle/listen.ts';

test.each(['localhost', 'LOCALHOST'])('%s is every address that a browser may take it for', async (host) => {
  const app = fastify();
  app.get('/', async () => 'ours');
  const listener = await listen(app, { host, port: 0 });
  onTestFinished(async () => void (await Promise.all([listener.close(), app.close()])));
  const { port } = app.server.address() as AddressInfo;
  for (const address of loopbackAddresses) {
    const [response] = await once(get({ host: address, port }), 'response');
    expect(await text(response)).toBe('ours');
  }
});
