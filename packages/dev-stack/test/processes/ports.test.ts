import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { loopbackAddresses } from '@latchkey/testing/loopback';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, isPortFree, keepPort } from '../../src/processes/ports.ts';

test('a port that was handed out and is not used yet is not handed out again', async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, freePort));
  expect(new Set(ports).size).toBe(200);
});

test('a free port is found behind hundreds that are kept', async () => {
  const first = await freePort();
  const next = Array.from({ length: 300 }, (_, index) => first + 1 + index);
  await Promise.all(next.map(keepPort));
  const found = await freePort();
  expect(found).not.toBe(first);
  expect(next).not.toContain(found);
});

test.skipIf(process.platform !== 'linux')(
  'a port that another process keeps is not handed out, also while nobody listens there',
  async () => {
    const module = new URL('../../src/processes/ports.ts', import.meta.url);
    const script = `import { freePort } from '${module}';
      console.log(await freePort());
      process.stdin.resume();`;
    const other = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void other.kill());
    const port = Number(await once(other.stdout, 'data'));
    expect(await isPortFree(port)).toBe(true);
    expect(await keepPort(port)).toBe(false);

    other.stdin.end();
    await once(other, 'close');
    expect(await keepPort(port)).toBe(true);
  },
);

test.each([...loopbackAddresses, '0.0.0.0', ...(loopbackAddresses.length > 1 ? ['::'] : [])])(
  'a port in use at %s is not free',
  async (host) => {
    const server = createServer().listen(await freePort(), host);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    expect(await isPortFree((server.address() as AddressInfo).port)).toBe(false);
  },
);
