import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevStackError } from '../errors.ts';
import { startChild } from '../processes/child.ts';
import { serverEnvironment } from '../processes/environment.ts';
import { freePort } from '../processes/ports.ts';

export type ComposeFront = {
  /** The published address of the service of this name. */
  url(name: string): string;
  stop(): Promise<void>;
};

const program = join(
  import.meta.dirname,
  '..',
  '..',
  '..',
  '..',
  'deploy',
  'compose',
  'src',
  'front',
  'main.ts',
);

/**
 * Starts the front of docker-compose.yml as it stands, on random loopback ports. It finds replicas by their service's
 * name, at the DNS server `dns` (127.0.0.1:5353).
 *
 * @throws DevStackError if it does not start
 */
export async function startComposeFront(options: {
  dns: string;
  /** The replicas' port, by their service's name. */
  ports: Readonly<Record<string, number>>;
}): Promise<ComposeFront> {
  const routes = new Map<string, number>();
  for (const name of Object.keys(options.ports)) routes.set(name, await freePort());
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-front-'));
  const logFile = join(directory, 'output.log');
  const resolving = `import dns from 'node:dns'; dns.setServers(['${options.dns}']);`;
  const preloaded = `data:text/javascript,${encodeURIComponent(resolving)}`;
  const ROUTES = [...routes].map(([name, port]) => `${port}=${name}:${options.ports[name]}`).join();
  const child = await startChild(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', preloaded, program],
    { env: { ...serverEnvironment(), ROUTES }, logFile, orphan: { signal: 'SIGTERM', remove: directory } },
  );
  const output = () => readFileSync(logFile, 'utf8');
  const remove = () => rmSync(directory, { recursive: true, force: true });
  // It says so once it listens.
  while (child.exit() === undefined && !output().includes('every replica')) await sleep(5);
  if (child.exit() !== undefined) {
    const error = new DevStackError(`the front did not start: ${output().trim()}`);
    remove();
    throw error;
  }
  return {
    url: (name) => `http://127.0.0.1:${routes.get(name)}`,
    async stop() {
      await child.stop('SIGTERM', 15_000);
      remove();
    },
  };
}
