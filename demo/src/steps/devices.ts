import type { Tokens } from '../shop.ts';
import { timeRefusals } from '../stopwatch.ts';
import type { Stage } from './step.ts';

const clientId = 'latchkey-mobile';

/** The shop's app allows one phone at a time: a sign-in on a second phone displaces the first. */
export async function oneDevice(stage: Stage): Promise<void> {
  const { tell, shop, account } = stage;
  tell.step('One device at a time');
  const { username, password } = account('customer');
  const signIn = async (device: string): Promise<Tokens> => {
    const json = { client_id: clientId, device_name: device, username, password };
    const answer = await shop.call('auth', '/sessions', { method: 'POST', json }, tell);
    if (answer.status !== 201) throw new Error(`${device} could not sign in: ${answer.status}`);
    return answer.body as Tokens;
  };
  const old = await signIn('Old phone');
  let current: Tokens | undefined;
  await timeRefusals(stage, {
    token: old.access_token,
    revoke: async () => (current = await signIn('New phone')),
  });
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: old.refresh_token };
  const refused = await shop.call('auth', '/token', { method: 'POST', form }, tell);
  tell.check(
    'the old phone learns why: displaced',
    refused.status === 400 && refused.body['reason'] === 'displaced',
  );
  const token = current?.access_token ?? '';
  const accepted = await shop.call('cart', '/cart', { token }, tell);
  tell.check('the new phone is served', accepted.status === 200);
  await shop.call('auth', '/sessions/current', { method: 'DELETE', token });
}
