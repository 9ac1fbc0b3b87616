import { setTimeout as delay } from 'node:timers/promises';
import type { Stack } from '@latchkey/dev-stack';
import type { Http } from '../../system/http.ts';
import { type Session, signIn } from '../../system/people.ts';

/** What a fault is made with. */
export type Stage = {
  readonly stack: Stack;
  readonly auth: Http;
  readonly signal: AbortSignal;
  /** Those who sign out in the storm. */
  readonly stormy: readonly Session[];
  signOut(session: Session): Promise<void>;
};

/** Something that goes wrong, or on, while people shop. */
export type Fault = {
  readonly name: string;
  readonly story: string;
  /** Whether a part of the system is away meanwhile. */
  readonly isOutage: boolean;
  /** Does it. Resolves once everything that it took away is back. */
  inject(stage: Stage): Promise<void>;
};

const awayMs = 2000;
const signOutsAtOnce = 32;

const redisRestarted: Fault = {
  name: 'Redis restarted',
  story: `Redis is killed, is away for ${awayMs / 1000} s, and comes back with its data`,
  isOutage: true,
  async inject({ stack, signal }) {
    await stack.redis.kill();
    await delay(awayMs, undefined, { signal });
    await stack.redis.restart();
  },
};

function killed(service: 'auth' | 'cart'): Fault {
  return {
    name: `${service}-service killed`,
    story: `${service}-service is killed, is away for ${awayMs / 1000} s, and is started again`,
    isOutage: true,
    async inject({ stack, signal }) {
      await stack.services[service].kill();
      await delay(awayMs, undefined, { signal });
      await stack.services[service].start(signal);
    },
  };
}

const keysRotated: Fault = {
  name: 'keys rotated',
  story: 'the next key begins to sign, and another is published to follow it',
  isOutage: false,
  async inject({ stack, auth, signal }) {
    const operator = stack.accounts.find(({ roles }) => roles.includes('admin'));
    if (operator === undefined) throw new Error('The system has no operator.');
    const { accessToken: token } = await signIn(auth, operator);
    const rotate = () => auth.status({ method: 'POST', path: '/keys/rotation', token });
    // 409: the next key has not been published for long enough.
    let status = await rotate();
    for (; status === 409; status = await rotate()) await delay(1000, undefined, { signal });
    if (status !== 200) throw new Error(`POST /keys/rotation was answered ${status}`);
  },
};

const storm: Fault = {
  name: 'storm of sign-outs',
  story: `everybody signs out, ${signOutsAtOnce} at a time`,
  isOutage: false,
  async inject({ stormy, signOut, signal }) {
    const waiting = stormy.values();
    const work = async (): Promise<void> => {
      for (const session of waiting) {
        signal.throwIfAborted();
        await signOut(session);
      }
    };
    await Promise.all(Array.from({ length: signOutsAtOnce }, work));
  },
};

export const faults: readonly Fault[] = [redisRestarted, killed('cart'), killed('auth'), keysRotated, storm];
