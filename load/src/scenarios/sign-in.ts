import { signingIn } from '@latchkey/person';
import { deviceName } from '../system/people.ts';
import { expecting, personOf, type Scenario } from './scenario.ts';

export const signIn: Scenario = {
  name: 'sign-in',
  story: 'signs in with name and password: one argon2id hash, one session, one signature',
  perSecond: 5,
  async play(world, index) {
    const { username, password } = personOf(world, index);
    return expecting(201, await world.http.auth.status(signingIn({ username, password, deviceName })));
  },
};
