import { setTimeout as delay } from 'node:timers/promises';
import type { Stack } from '@latchkey/dev-stack';
import type { Http } from '../../system/http.ts';
import { type Session, signIn } from '../../system/people.ts';
import type { Away } from './oracle.ts';
import type { AskedService } from './traffic.ts';

/** What a fault is made with. */
export type Stage = {
  readonly stack: Stack;
  readonly auth: Http;
  readonly signal: AbortSignal;
  /** How long what is taken away stays away. */
  readonly awayMs: number;
  /** Many who are signed in, for a fault that needs them; else nobody. */
  readonly crowd: readonly Session[];
  signOut(session: Session): Promise<void>;
  /** Asks a service with the token of somebody who has signed out, and lets the oracle judge. */
  askRevoked(service: AskedService): Promise<unknown>;
  /** The same until it is refused. */
  untilRefused(service: AskedService): Promise<void>;
};

/** Something that goes wrong, or on, while people shop. */
export type Fault = {
  readonly name: string;
  readonly story: string;
  /** Who cannot do their part meanwhile; absent when everybody can. */
  readonly away?: Away;
  readonly needsCrowd?: boolean;
  /** Does it. Resolves once everything that it took away is back. */
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
    // Of auth-service everybody hears who has signed out.
    away: service === 'auth' ? 'everybody' : [service],
    async inject({ stack, signal, awayMs, askRevoked, untilRefused }) {
      // It must refuse that token from its first answer after the return.
      await untilRefused(service);
      await stack.services[service].kill();
      await delay(awayMs, undefined, { signal });
      await askWhile(stack.services[service].start(signal), () => askRevoked(service));
    },
  };
}

/** As often as it can, so that the first answer of a service that starts is among those that are judged. */
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
