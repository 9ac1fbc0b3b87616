import { once } from 'node:events';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from '../src/listen.ts';

const addresses = ['127.0.0.1', '::1'].filter((address) =>
  Object.values(networkInterfaces()).some((found) => found?.some((one) => one.address === address)),
);

function startable() {
  const app = fastify();
  app.get('/', async () => 'ours');
  onTestFinished(() => app.close());
  return app;
}

// A hosts file may name one of the two alone, as a container's often does.
test.each(['localhost', 'LOCALHOST'])('%s is every address that a browser may take it for', async (host) => {
  const app = startable();
  await listen(app, { host, port: 0 });
  const { port } = app.server.address() as AddressInfo;
  for (const address of addresses) {
    const [response] = await once(get({ host: address, port }), 'response');
    expect(await text(response)).toBe('ours');
  }
  await app.close();
  for (const address of addresses) {
    const [error] = await once(get({ host: address, port, agent: false }), 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  }
});

test.each(addresses)('it does not start where another program has the port at %s', async (address) => {
  const other = createServer().listen(0, address);
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const listening = listen(startable(), { host: 'localhost', port });
  await expect(listening).rejects.toMatchObject({ code: 'EADDRINUSE', address });
});
