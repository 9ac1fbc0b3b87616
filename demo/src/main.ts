import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@latchkey/dev-stack';
import { createNarrator } from './narrator.ts';
import { createShop } from './shop.ts';
import { insideTheToken } from './steps/inside-the-token.ts';
import { rotateKeys } from './steps/keys.ts';
import { oneSignIn } from './steps/one-sign-in.ts';
import { signOut, stolenRefreshToken, twoTabs } from './steps/refreshing.ts';
import { stateless } from './steps/stateless.ts';
import type { Stage } from './steps/step.ts';
import { verdicts } from './steps/verdicts.ts';

const tell = createNarrator((line) => process.stdout.write(`${line}\n`));
const directory = await mkdtemp(join(tmpdir(), 'latchkey-demo-'));

process.stdout.write('Starting a system of its own for the demo, on free ports …\n');
const stack = await startStack({
  directory,
  ports: 'random',
  // A key may sign once every service has had time to fetch it. Three seconds of that suit a demo.
  env: { auth: { JWKS_MAX_AGE_SECONDS: '2', KEY_SKEW_SECONDS: '1' } },
});

const stop = async () => {
  await stack.stop();
  await rm(directory, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stop().finally(() => process.exit(1)));
}

try {
  const { auth, cart, wishlist, payment } = stack.services;
  const stage: Stage = {
    tell,
    shop: createShop({ auth: auth.url, cart: cart.url, wishlist: wishlist.url, payment: payment.url }),
    account(role) {
      const found = stack.accounts.find(({ roles }) => roles.length === 1 && roles[0] === role);
      if (found === undefined) throw new Error(`there is no demo account with the role ${role} alone`);
      return found;
    },
    auth,
  };

  const customer = await oneSignIn(stage);
  await insideTheToken(stage, customer);
  await verdicts(stage, customer);
  await twoTabs(stage, customer);
  await rotateKeys(stage);
  await stolenRefreshToken(stage, customer);
  await signOut(stage);
  await stateless(stage);
} finally {
  await stop();
}

process.stdout.write(`\n${tell.summary()}\n`);
if (tell.failures().length > 0) {
  for (const { what } of tell.failures()) process.stdout.write(`NOT SO: ${what}\n`);
  process.exitCode = 1;
}
