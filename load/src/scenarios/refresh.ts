import { refresh as refreshSession } from '../system/people.ts';
import { expecting, personOf, type Scenario } from './scenario.ts';

export const refresh: Scenario = {
  name: 'refresh',
  story: 'takes the next access token: one step in Redis, one signature',
  perSecond: 200,
  async play(world, index) {
    return expecting(200, await refreshSession(world.http.auth, personOf(world, index)));
  },
};
