import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, startStack } from '@latchkey/dev-stack';
import { byService, nameOf } from '@latchkey/services';
import type { System } from './system.ts';

const stepUpAfterSeconds = 2;
const turnedClock = new URL('./turned-clock.ts', import.meta.url);

/**
 * Starts the whole system on free ports. Its data is in a temporary folder, which `stop` deletes. If it rejects, also
 * because `signal` is aborted, nothing is left.
 */
export async function startOwnSystem(signal: AbortSignal): Promise<System> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-demo-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    process.stdout.write('Starting a separate system for the demo, on free ports …\n');
    const clockFile = join(directory, 'clock-ahead-ms');
    await writeFile(clockFile, '0');
    const stack = await start({ directory, clockFile, signal });
    return systemOf(stack, { clockFile, stop: () => stack.stop().then(remove) });
  } catch (error) {
    await remove();
    throw error;
  }
}

type Start = { directory: string; clockFile: string; signal: AbortSignal };

function start({ directory, clockFile, signal }: Start): Promise<Stack> {
  return startStack({
    directory,
    ports: 'random',
    giftIdeas: true,
    exampleId: true,
    signal,
    onProgress: (line) => process.stdout.write(`${line}\n`),
    // A key may sign once every service has had time to fetch it: short here, so that the demo need not wait.
    // For the same reason, a large payment requires a new sign-in after two seconds.
    env: {
      auth: {
        JWKS_MAX_AGE_SECONDS: '2',
        KEY_SKEW_SECONDS: '1',
        NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${turnedClock}`,
        DEMO_CLOCK_FILE: clockFile,
      },
      payment: {
        STEP_UP_MAX_AGE_SECONDS: String(stepUpAfterSeconds),
        // A key on P-256, with which it opens encrypted tokens: one step of the demo encrypts.
        TOKEN_DECRYPTION_KEYS: randomBytes(32).toString('base64url'),
      },
    },
  });
}

function systemOf(
  stack: Stack,
  { clockFile, stop }: { clockFile: string; stop: () => Promise<void> },
): System {
  return {
    // By the names of the services themselves, which proofs of possession have to name.
    urls: byService((key) => stack.services[key].url.replace('127.0.0.1', 'localhost')),
    accounts: stack.accounts,
    giftIdeas: stack.giftIdeas?.url.replace('127.0.0.1', 'localhost'),
    stepUpAfterSeconds,
    auth: stack.services.auth,
    async encryptTokensFor(service) {
      const { auth } = stack.services;
      auth.configure({ ENCRYPTED_TOKENS_FOR: service === null ? '' : nameOf(service) });
      await auth.stop();
      await auth.start();
    },
    async turnClock(seconds) {
      await stack.services.auth.stop();
      await writeFile(clockFile, String(seconds * 1000));
      await stack.services.auth.start();
    },
    logs: (service) => stack.services[service].logs(),
    stop,
  };
}
