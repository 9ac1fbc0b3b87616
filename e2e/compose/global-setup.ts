import { createServer } from 'node:net';
import { loadavg } from 'node:os';
import type { TestProject } from 'vitest/node';
import { createCompose, docker, type Ports, seconds } from './docker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    ports: Ports;
    /** How long `up --wait` took from warm images and empty volumes, in seconds. */
    startSeconds: number;
  }
}

/** Builds and starts the system for all tests, under a name of its own and on free ports; removes all of it after. */
export default async function setUp({ provide }: TestProject): Promise<() => Promise<void>> {
  await docker('compose', 'version').catch((error: Error) => {
    throw new Error(
      `The compose test needs a Docker engine with Compose v2: ${error.message.split('\n', 1)[0]}`,
    );
  });
  const [auth, cart, wishlist, payment, observe] = await freePorts(5);
  const ports = { auth, cart, wishlist, payment, observe } as Ports;
  const compose = createCompose(ports);
  const down = () =>
    compose('--profile', '*', 'down', '--volumes', '--remove-orphans', '--rmi', 'local', '--timeout', '5');

  await down();
  try {
    // One after the other: builds beside each other only fight for the same cores.
    const build = await seconds(() => compose('--profile', '*', 'build'));
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

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
