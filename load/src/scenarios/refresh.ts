import { refresh as refreshSession } from '../system/people.ts';
import { inTurn } from './in-turn.ts';
import { expecting, personOf, type Scenario } from './scenario.ts';

export const refresh: Scenario = {
  name: 'refresh',
  story: 'takes the next access token: one step in Redis, one signature',
  perSecond: 200,
  async play(world, index) {
    const person = personOf(world, index);
    return inTurn(person, async () => expecting(200, await refreshSession(world.http.auth, person)));
  },
};
