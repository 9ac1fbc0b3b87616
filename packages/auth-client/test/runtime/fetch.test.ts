import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const module = new URL('../../src/runtime/fetch.ts', import.meta.url).href;
const program = `import { createFetch } from ${JSON.stringify(module)};
console.log(await (await createFetch()('http://issuer.example/keys')).text());`;

/** A proxy that answers requests itself. */
const proxy = createServer((request, response) => response.end(`asked for ${request.url}`));
beforeAll(async () => {
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  proxy.closeAllConnections();
  proxy.close();
});

// Every way to make Node.js use the proxies that the environment names.
it.each<[string, string[], Record<string, string>]>([
  ['NODE_USE_ENV_PROXY', [], { NODE_USE_ENV_PROXY: '1' }],
  ['an option', ['--use-env-proxy'], {}],
  ['an option in NODE_OPTIONS', [], { NODE_OPTIONS: '--no-warnings --use-env-proxy' }],
])('with %s, it asks the proxy as the global fetch does', async (_what, options, env) => {
  const { port } = proxy.address() as AddressInfo;
  const { stdout } = await run(process.execPath, [...options, '--input-type=module', '-e', program], {
    env: { PATH: process.env.PATH, HTTP_PROXY: `http://127.0.0.1:${port}`, ...env },
  });
  expect(stdout).toBe('asked for http://issuer.example/keys\n');
});
