import { refreshing, signingOut, type Tokens } from '@latchkey/person';
import { timeRefusals } from '../stopwatch.ts';
import type { Stage } from './step.ts';

const clientId = 'latchkey-mobile';

/** The shop's app allows one phone at a time: a sign-in on a second phone displaces the first. */
export async function oneDevice(stage: Stage): Promise<void> {
  const { tell, shop, account } = stage;
  tell.step('One device at a time');
  const { username, password } = account('customer');
  const signIn = (deviceName: string) => shop.signIn({ clientId, deviceName, username, password }, tell);
  const old = await signIn('Old phone');
  let current: Tokens | undefined;
  await timeRefusals(stage, {
    token: old.access_token,
    revoke: async () => (current = await signIn('New phone')),
  });
  const refused = await shop.call('auth', refreshing(old.refresh_token, { clientId }), tell);
  tell.check(
    'the old phone learns why: displaced',
    refused.status === 400 && refused.body['reason'] === 'displaced',
  );
  const token = current?.access_token ?? '';
  const accepted = await shop.call('cart', { path: '/cart', token }, tell);
  tell.check('the new phone is served', accepted.status === 200);
  await shop.call('auth', signingOut(token));
}
