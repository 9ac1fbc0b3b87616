import { createServer } from 'node:net';
import { loadavg } from 'node:os';
import { serviceKeys } from '@latchkey/services';
import type { TestProject } from 'vitest/node';
import { createCompose, docker, type Ports, seconds } from './docker.ts';

declare module 'vitest' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface ProvidedContext {
    ports: Ports;
    /** How long `up --wait` took from warm images and empty volumes, in seconds. */
    startSeconds: number;
  }
}

/** Builds and starts the system once for all tests, under its own name and on free ports, and removes it afterwards. */
export default async function setUp({ provide }: TestProject): Promise<() => Promise<void>> {
  await docker('compose', 'version').catch((error: Error) => {
    throw new Error(
      `The compose test needs a Docker engine with Compose v2: ${error.message.split('\n', 1)[0]}`,
    );
  });
  const ports = await freePorts();
  const compose = createCompose(ports);
  const down = () =>
    compose('--profile', '*', 'down', '--volumes', '--remove-orphans', '--rmi', 'local', '--timeout', '5');

  await down();
  try {
    // One after the other, because parallel builds would compete for the same cores.
    const build = await seconds(() => twice(() => compose('--profile', '*', 'build')));
    console.log(`docker compose build: ${build.toFixed(1)} s`);
    const start = await seconds(() => compose('up', '--wait'));
    console.log(
      `docker compose up --wait: ${start.toFixed(1)} s (load average before: ${loadavg()[0]?.toFixed(1)})`,
    );
    provide('ports', ports);
    provide('startSeconds', start);
  } catch (error) {
    console.log(await compose('logs', '--tail', '30').catch(String));
    await down();
    throw error;
  }
  return async () => void (await down());
}

/** Retries, because builds download and a network failure is not a fault of the system. */
async function twice(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.log(`docker compose build failed and is tried again: ${error}`);
    await work();
  }
}

/**
 * Free ports below the kernel's ephemeral range (from 32768 on). The front releases its port for a moment whenever it
 * restarts, and the kernel must not hand that port to another process meanwhile.
 */
async function freePorts(): Promise<Ports> {
  const names = ['storefront', 'gift_ideas', 'example_id', 'observe', ...serviceKeys];
  const free = new Set<number>();
  while (free.size < names.length) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isFree(port)) free.add(port);
  }
  const found = [...free];
  return Object.fromEntries(names.map((name, index) => [name, found[index]])) as Ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
