import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServiceKey } from '@latchkey/services';

export const repository = join(import.meta.dirname, '..', '..');

/** The project's name. It is this clone's own, so a system that is already running stays as it is. */
export const project = `latchkey-test-${createHash('sha256').update(repository).digest('hex').slice(0, 8)}`;

export type Ports = Readonly<
  Record<'storefront' | 'gift_ideas' | 'example_id' | 'observe' | ServiceKey, number>
>;

const run = promisify(execFile);
const maxBuffer = 64 * 1024 * 1024;

/** Runs `docker …` and returns what it printed. @throws with its error output when it fails */
export async function docker(...args: string[]): Promise<string> {
  return (await run('docker', args, { maxBuffer })).stdout;
}

type ComposeOptions = {
  /** Where the compose file and the sources are; default this clone. */
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** `docker compose` on this clone's project, with its published ports. `up --wait` waits again, twice at most. */
export function createCompose(ports: Ports, options: ComposeOptions = {}) {
  const { directory = repository } = options;
  const env = {
    ...process.env,
    ...Object.fromEntries(
      Object.entries(ports).map(([key, port]) => [`${key.toUpperCase()}_PORT`, String(port)]),
    ),
    // The test ignores profiles and files that the caller's shell names.
    COMPOSE_PROFILES: undefined,
    COMPOSE_FILE: undefined,
    COMPOSE_ANSI: 'never',
    BUILDKIT_PROGRESS: 'plain',
    ...options.env,
  };
  return async (...args: string[]): Promise<string> => {
    const command = ['compose', '--project-name', project, '--project-directory', directory, ...args];
    for (let attemptsLeft = 2; ; attemptsLeft--) {
      try {
        const { stdout, stderr } = await run('docker', command, { cwd: directory, env, maxBuffer });
        return stdout + stderr;
      } catch (error) {
        // On a busy machine a container can fail its health checks until Compose gives up waiting.
        const [unhealthy] = /container \S+ is unhealthy/.exec(String(error)) ?? [];
        if (unhealthy === undefined || !args.includes('--wait') || attemptsLeft === 0) throw error;
        console.log(`${unhealthy}: waiting again`);
      }
    }
  };
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
