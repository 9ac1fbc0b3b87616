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

test.skipIf(process.platform !== 'linux')(
  'a port that another process keeps is not handed out, also while nobody listens there',
  async () => {
    const next = (await freePort()) + 1;
    const module = new URL('../../src/processes/ports.ts', import.meta.url);
    const script = `import { keepPort } from '${module}';
      console.log(await keepPort(${next}));
      process.stdin.resume();`;
    const other = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void other.kill());
    const [answer] = await once(other.stdout, 'data');
    expect(String(answer)).toBe('true\n');
    expect(await freePort()).not.toBe(next);

    other.stdin.end();
    await once(other, 'close');
    expect(await keepPort(next)).toBe(true);
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
