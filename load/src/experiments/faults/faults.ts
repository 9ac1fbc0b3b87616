import { setTimeout as delay } from 'node:timers/promises';
import type { Stack } from '@latchkey/dev-stack';
import type { Http } from '../../system/http.ts';
import { type Session, signIn } from '../../system/people.ts';
import type { Away } from './oracle.ts';
import type { AskedService } from './traffic.ts';

export type Stage = {
  readonly stack: Stack;
  readonly auth: Http;
  readonly signal: AbortSignal;
  /** How long a part that the fault stops stays away. */
  readonly awayMs: number;
  /** The sessions of many people, for a fault that needs them; else empty. */
  readonly crowd: readonly Session[];
  signOut(session: Session): Promise<void>;
  /** Asks a service with the token of a person who has signed out. The oracle judges the answer. */
  askRevoked(service: AskedService): Promise<unknown>;
  /** Does the same until the service refuses the token. */
  untilRefused(service: AskedService): Promise<void>;
};

/** A failure, or an operation such as a rotation of keys, that happens while people shop. */
export type Fault = {
  readonly name: string;
  readonly story: string;
  /** The services that cannot do their part meanwhile; absent when all can. */
  readonly away?: Away;
  readonly needsCrowd?: boolean;
  /** Makes the fault happen. Resolves once every part that it stopped is back. */
  inject(stage: Stage): Promise<void>;
};

const askEveryMs = 2;
const signOutsAtOnce = 32;

const redisRestarted: Fault = {
  name: 'Redis restarted',
  story: 'Redis is killed, is away for a while, and comes back with its data',
  away: 'everybody',
  async inject({ stack, signal, awayMs }) {
    await stack.redis.kill();
    await delay(awayMs, undefined, { signal });
    await stack.redis.restart();
  },
};

function killed(service: 'auth' | 'cart'): Fault {
  return {
    name: `${service}-service killed`,
    story: `${service}-service is killed, is away for a while, and is started again`,
    // All services learn from auth-service who has signed out.
    away: service === 'auth' ? 'everybody' : [service],
    async inject({ stack, signal, awayMs, askRevoked, untilRefused }) {
      // From its first answer after the return, the service must refuse the token that it refuses now.
      await untilRefused(service);
      await stack.services[service].kill();
      await delay(awayMs, undefined, { signal });
      await askWhile(stack.services[service].start(signal), () => askRevoked(service));
    },
  };
}

/** Asks as often as possible while a service starts, so that its first answer is judged, too. */
async function askWhile(starting: Promise<void>, ask: () => Promise<unknown>): Promise<void> {
  let isStarting = true;
  const started = starting.finally(() => {
    isStarting = false;
  });
  const asking = (async () => {
    for (; isStarting; await delay(askEveryMs)) await ask();
  })();
  await Promise.all([started, asking]);
}

const keysRotated: Fault = {
  name: 'keys rotated',
  story: 'the next key begins to sign, and another is published to follow it',
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
  needsCrowd: true,
  async inject({ crowd, signOut, signal }) {
    const waiting = crowd.values();
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
