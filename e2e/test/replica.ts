import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stack } from '@latchkey/dev-stack';
import { eventually } from '@latchkey/testing';

export type ReplicaOptions = {
  service: 'cart' | 'wishlist' | 'payment';
  env: Record<string, string>;
  /** The step at which it dies: see fault-point.ts. */
  fault: { request: string; steps: string; beforeStep: number };
};

export type Replica = {
  url: string;
  /** Resolves to the signal that ended it. */
  ended: Promise<unknown>;
  kill(): void;
};

const repository = join(import.meta.dirname, '..', '..');
const faultPoint = fileURLToPath(new URL('./fault-point.ts', import.meta.url));

/**
 * Starts another replica of a service on the same database. It kills itself at the step that `fault` names. The stack's
 * own replica has to complete what it began.
 */
export async function startDoomedReplica(stack: Stack, options: ReplicaOptions): Promise<Replica> {
  const { service, env, fault } = options;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', faultPoint, 'src/main.ts'],
    {
      cwd: join(repository, 'apps', `${service}-service`),
      env: {
        ...settings(stack, service),
        ...env,
        FAULT_REQUEST: fault.request,
        FAULT_STEPS: fault.steps,
        FAULT_BEFORE_STEP: String(fault.beforeStep),
      },
      // The channel closes when the tests are killed, and the replica then ends too.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  const ended = once(child, 'exit').then(([, signal]) => signal as unknown);
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: unknown): void => {
      output += String(chunk);
      const found = /listening on (http:\/\/[0-9.:]+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    void ended.then(() => reject(new Error(`the replica did not start: ${output}`)));
  });
  await untilReady(url);
  return { url, ended, kill: () => void child.kill('SIGKILL') };
}

function settings(stack: Stack, service: ReplicaOptions['service']): Record<string, string | undefined> {
  const { auth, cart } = stack.services;
  return {
    PATH: process.env['PATH'],
    NODE_ENV: 'test',
    NODE_OPTIONS: process.env['NODE_OPTIONS'],
    LOG_LEVEL: 'info',
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: stack.postgres.url(service),
    DATABASE_TIMEOUT_MS: '10000',
    ISSUER: stack.issuer,
    JWKS_URI: `${auth.url}/.well-known/jwks.json`,
    CART_URL: cart.url,
    ...(service !== 'cart' && { CART_TIMEOUT_MS: '10000' }),
    ...(service === 'payment' && { PROCESSOR_TIMEOUT_MS: '10000', REVOCATION_MAX_LAG_SECONDS: '3600' }),
    TOKEN_ENDPOINT: `${auth.url}/token`,
    REVOCATIONS_URI: `${auth.url}/revocations`,
    PROOF_STORE: 'memory',
  };
}

async function untilReady(url: string): Promise<void> {
  await eventually('the replica is ready', async () => {
    const response = await fetch(`${url}/ready`);
    await response.body?.cancel();
    if (!response.ok) throw new Error(`it answered ${response.status}`);
  });
}
