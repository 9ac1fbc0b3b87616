import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { loopbackAddresses } from '@latchkey/testing/loopback';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, isPortFree } from '../../src/processes/ports.ts';

test('a port that was handed out and is not used yet is not handed out again', async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, freePort));
  expect(new Set(ports).size).toBe(200);
});

test.each([...loopbackAddresses, '0.0.0.0', ...(loopbackAddresses.length > 1 ? ['::'] : [])])(
  'a port in use at %s is not free',
  async (host) => {
    const server = createServer().listen(await freePort(), host);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    expect(await isPortFree((server.address() as AddressInfo).port)).toBe(false);
  },
);
