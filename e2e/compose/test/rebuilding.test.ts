import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createCompose, docker, project, repository, seconds } from '../docker.ts';
import { ports } from '../system.ts';

const copy = mkdtempSync(join(tmpdir(), 'latchkey-rebuild-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('docker compose build', () => {
  it('makes anew what holds the sources, and nothing else, after a one-line change in one service', async () => {
    // Copies the files without the history and installed packages. .dockerignore decides what the build may use.
    const isSource = (path: string) =>
      !/(^|\/)(node_modules|\.git|\.latchkey|\.turbo)(\/|$)/.test(path.slice(repository.length));
    cpSync(repository, copy, { recursive: true, filter: isSource });
    const compose = createCompose(ports, { directory: copy });
    const layers = async (): Promise<string[]> =>
      JSON.parse(
        await docker('image', 'inspect', '--format', '{{json .RootFS.Layers}}', `${project}-cart-service`),
      );
    await compose('build', 'cart-service');
    const before = await layers();
    appendFileSync(join(copy, 'apps', 'cart-service', 'src', 'main.ts'), `// ${Date.now()}\n`);
    const taken = await seconds(() => compose('build', 'cart-service'));
    console.log(`docker compose build cart-service after a one-line change: ${taken.toFixed(1)} s`);
    const after = await layers();
    // Only the last four layers may change: the sources, the empty cache folder of Node.js, and the cache itself.
    expect(after.slice(0, -4)).toEqual(before.slice(0, -4));
    expect(after).not.toEqual(before);
    expect(taken).toBeLessThan(60);
  });
});
