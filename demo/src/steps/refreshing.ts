import type { Customer, Stage } from './step.ts';

/** Two tabs refresh at the same moment. A thief copies the refresh token that they used. */
export async function twoTabs({ tell, shop }: Stage, customer: Customer): Promise<void> {
  tell.step('Two tabs refresh at once with the same refresh token');
  const before = customer.tokens.refresh_token;
  const [one, two] = await Promise.all([shop.refresh(before, tell), shop.refresh(before, tell)]);
  tell.check('both refreshes succeed', one.status === 200 && two.status === 200);
  tell.check(
    'both get the same successor: one lineage',
    one.body['refresh_token'] === two.body['refresh_token'],
  );
  customer.tokens = one.body as Customer['tokens'];
  customer.stolen = { refreshToken: before, at: Date.now() };
  tell.say('(A thief has copied the old refresh token. It is used in a later step.)');
}
