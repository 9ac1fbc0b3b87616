import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createCompose, docker, project, repository, seconds } from '../docker.ts';
import { ports } from '../system.ts';

const copy = mkdtempSync(join(tmpdir(), 'latchkey-rebuild-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('docker compose build', () => {
  it('takes seconds after a one-line change in one service', async () => {
    // The files, not the history and not what is installed: what a build may use is in .dockerignore.
    const isSource = (path: string) =>
      !/(^|\/)(node_modules|\.git|\.latchkey|\.turbo)(\/|$)/.test(path.slice(repository.length));
    cpSync(repository, copy, { recursive: true, filter: isSource });
    const compose = createCompose(ports, { directory: copy });
    const image = async () =>
      (await docker('image', 'inspect', '--format', '{{.Id}}', `${project}-cart-service`)).trim();
    await compose('build', 'cart-service');
    const before = await image();
    appendFileSync(join(copy, 'apps', 'cart-service', 'src', 'main.ts'), `// ${Date.now()}\n`);
    const taken = await seconds(() => compose('build', 'cart-service'));
    console.log(`docker compose build cart-service after a one-line change: ${taken.toFixed(1)} s`);
    expect(await image()).not.toBe(before);
    expect(taken).toBeLessThan(10);
  });
});
