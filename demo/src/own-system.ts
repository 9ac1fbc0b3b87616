import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@latchkey/dev-stack';
import { byService, nameOf } from '@latchkey/services';
import type { System } from './system.ts';

const stepUpAfterSeconds = 2;
const turnedClock = new URL('./turned-clock.ts', import.meta.url);

/** Starts the whole system on free ports. Its data is in a temporary folder, which `stop` deletes. */
export async function startOwnSystem(): Promise<System> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-demo-'));
  process.stdout.write('Starting a separate system for the demo, on free ports …\n');
  const clockFile = join(directory, 'clock-ahead-ms');
  await writeFile(clockFile, '0');
  const stack = await startStack({
    directory,
    ports: 'random',
    giftIdeas: true,
    exampleId: true,
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
  return {
    // By the names of the services themselves, which proofs of possession have to name.
    urls: byService((key) => stack.services[key].url.replace('127.0.0.1', 'localhost')),
    accounts: stack.accounts,
    giftIdeas: stack.giftIdeas?.url.replace('127.0.0.1', 'localhost'),
    stepUpAfterSeconds: stepUpAfterSeconds,
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
    async stop() {
      await stack.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
