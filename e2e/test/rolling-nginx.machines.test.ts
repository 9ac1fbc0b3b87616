import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { proxyPrograms } from '@latchkey/dev-stack/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startNginxOfTheDocs } from './rolling/nginx-of-the-docs.ts';

async function listen(host: string, port = 0): Promise<Server> {
  const server = createServer((_, response) => void response.end());
  onTestFinished(() => close(server));
  await once(server.listen(port, host), 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

/** Skipped where there is no nginx: apt-get install nginx-light. */
test.skipIf(proxyPrograms.nginx === undefined)(
  'nginx as in docs/proxies.md finds the only replica, although each address has just refused',
  async () => {
    const first = await listen('127.0.0.1');
    const { port } = first.address() as AddressInfo;
    const second = await listen('127.0.0.2', port);
    const nginx = await startNginxOfTheDocs([1, 2, 3].map((last) => `127.0.0.${last}:${port}`));
    onTestFinished(nginx.stop);
    const statuses = async () => {
      const answers = [1, 2, 3, 4, 5, 6].map(async () => (await fetch(nginx.url)).status);
      return [...new Set(await Promise.all(answers))];
    };
    expect(await statuses()).toEqual([200]);
    const third = await listen('127.0.0.3', port);
    await close(first);
    expect(await statuses()).toEqual([200]);
    await listen('127.0.0.1', port);
    await close(second);
    await close(third);
    expect(await statuses()).toEqual([200]);
  },
);
