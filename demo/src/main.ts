import { DevStackError } from '@latchkey/dev-stack/errors';
import { stopSignal } from '@latchkey/dev-stack/stop-signal';
import { createNarrator } from './narrator.ts';
import { createShop } from './shop.ts';
import { rolesAndAccounts } from './steps/administration.ts';
import { lostReply, theftsSideBySide } from './steps/bound-tokens.ts';
import { oneDevice } from './steps/devices.ts';
import { encryptedToken, insideTheToken } from './steps/inside-the-token.ts';
import { revokeKey, rotateKeys } from './steps/keys.ts';
import { onBehalf, stepUp } from './steps/on-behalf.ts';
import { oneSignIn } from './steps/one-sign-in.ts';
import { twoTabs } from './steps/refreshing.ts';
import { sharingWithAnOutsider } from './steps/sharing.ts';
import { signedInElsewhere } from './steps/signed-in-elsewhere.ts';
import { stateless } from './steps/stateless.ts';
import type { Stage } from './steps/step.ts';
import { stolenAccessToken, stolenRefreshToken } from './steps/stolen-tokens.ts';
import { verdicts } from './steps/verdicts.ts';
import { whoActsForWhom } from './steps/who-acts-for-whom.ts';
import { findSystem, type System } from './system.ts';

const tell = createNarrator((line) => process.stdout.write(`${line}\n`));
const stopping = stopSignal(() => process.stdout.write('\nStopping …\n'));

try {
  const system = await findSystem(process.env, { signal: stopping });
  // A step may wait for a long time for a system that is gone.
  stopping.addEventListener('abort', () => void system.stop().finally(() => process.exit(1)));
  try {
    await play(system);
  } finally {
    await system.stop();
  }
  process.stdout.write(`\n${tell.summary()}\n`);
  for (const { what } of tell.failures()) process.stdout.write(`NOT SO: ${what}\n`);
  process.exitCode = tell.failures().length > 0 ? 1 : 0;
} catch (error) {
  process.exitCode = 1;
  if (stopping.aborted) process.stdout.write('Stopped.\n');
  else if (error instanceof DevStackError) process.stderr.write(`${error.message}\n`);
  else throw error;
}

async function play(system: System): Promise<void> {
  const { urls, accounts, giftIdeas, auth, encryptTokensFor, stepUpAfterSeconds, turnClock, logs } = system;
  const stage: Stage = {
    tell,
    shop: createShop(urls),
    giftIdeas,
    account(role) {
      const found = accounts.find(({ roles }) => roles.length === 1 && roles[0] === role);
      if (found === undefined) throw new Error(`there is no demo account with the role ${role} alone`);
      return found;
    },
    ...(auth && { auth }),
    ...(encryptTokensFor && { encryptTokensFor }),
    ...(stepUpAfterSeconds !== undefined && { stepUpAfterSeconds }),
    ...(turnClock && { turnClock }),
    ...(logs && { logs }),
  };

  const customer = await oneSignIn(stage);
  await insideTheToken(stage, customer);
  await encryptedToken(stage);
  await verdicts(stage, customer);
  await onBehalf(stage);
  await whoActsForWhom(stage);
  await stepUp(stage);
  await twoTabs(stage, customer);
  const signedByOldKey = await rotateKeys(stage);
  await stolenAccessToken(stage);
  await oneDevice(stage);
  await rolesAndAccounts(stage);
  await stolenRefreshToken(stage, customer);
  await theftsSideBySide(stage);
  await revokeKey(stage, signedByOldKey);
  await stateless(stage);
  await sharingWithAnOutsider(stage);
  await signedInElsewhere(stage);
  // Last, because it may leave a clock turned.
  await lostReply(stage);
}
