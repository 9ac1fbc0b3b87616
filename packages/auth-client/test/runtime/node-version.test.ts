import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AuthClientError } from '../../src/index.ts';
import { checkRuntime } from '../../src/runtime/node-version.ts';

it.each(['22.19.0', '22.23.3', '23.0.0', '24.0.0', '26.1.0', '100.0.0', '23.0.0-nightly20240501'])(
  'Node.js %s will do',
  (version) => {
    expect(() => checkRuntime(version)).not.toThrow();
  },
);

it.each(['0.12.18', '4.9.1', '18.20.8', '20.20.2', '22.1.0', '22.18.9', '', 'x'])(
  'Node.js %j is too old, and the error says what is needed and what this is',
  (version) => {
    expect(() => checkRuntime(version)).toThrow(AuthClientError);
    expect(() => checkRuntime(version)).toThrow(
      expect.objectContaining({
        code: 'unsupported_runtime',
        message: `@latchkey/auth-client needs Node.js 22.19 or newer; this is ${version}`,
      }),
    );
  },
);

it('package.json asks for the same', async () => {
  const { engines } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'));
  const [least = ''] = /\d+\.\d+/.exec(engines.node) ?? [];
  expect(engines.node).toBe(`>=${least}`);
  expect(() => checkRuntime(`${least}.0`)).not.toThrow();
  const [major, minor] = least.split('.').map(Number);
  expect(() => checkRuntime(`${major}.${Number(minor) - 1}.0`)).toThrow(AuthClientError);
});
