import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';

/** What one service made of one session's token. Times are performance.now(). */
export type Testimony = {
  /** When the first answer came that let it pass. */
  acceptedAt: number | undefined;
  /** When the first refusal came. */
  refusedAt: number | undefined;
  /** Requests that were sent after that refusal had come, and passed all the same. */
  acceptedAfterRefusal: number;
};

/**
 * Sends a service requests at a fixed rate, on an absolute schedule: a service that is slow gets no fewer. All carry the
 * token that is being watched, so that the first refusal is seen to within one interval.
 */
export function startWitness(serviceUrl: string, path: string, { perSecond }: { perSecond: number }) {
  const pool = new Pool(serviceUrl, { connections: 16 });
  const began = performance.now();
  let token: string | undefined;
  let testimony: Testimony = nothingSeen();
  let sent = 0;
  let running = true;
  const underWay = new Set<Promise<void>>();

  async function ask(accessToken: string, seen: Testimony): Promise<void> {
    const sentAt = performance.now();
    const { statusCode, body } = await pool.request({
      method: 'GET',
      path,
      headers: { authorization: `Bearer ${accessToken}` },
    });
    await body.dump();
    if (statusCode === 401) seen.refusedAt ??= performance.now();
    else if (statusCode !== 200) throw new Error(`${serviceUrl}${path} was answered ${statusCode}`);
    else {
      seen.acceptedAt ??= performance.now();
      if (seen.refusedAt !== undefined && sentAt > seen.refusedAt) seen.acceptedAfterRefusal += 1;
    }
  }

  async function keepAsking(): Promise<void> {
    while (running) {
      const due = ((performance.now() - began) / 1000) * perSecond;
      for (; sent < due && running; sent += 1) {
        if (token === undefined) continue;
        const asked = ask(token, testimony).finally(() => underWay.delete(asked));
        underWay.add(asked);
        asked.catch(() => {});
      }
      await delay(1);
    }
  }
  const asking = keepAsking();

  return {
    /** Watches another token from now on. The testimony goes on changing as answers come. */
    watch(accessToken: string): Testimony {
      token = accessToken;
      testimony = nothingSeen();
      return testimony;
    },
    /** Requests a second, from the start until now. */
    rate: (): number => sent / ((performance.now() - began) / 1000),
    /** The most that were under way at a time would say that the service cannot keep up. */
    underWay: (): number => underWay.size,
    async stop(): Promise<void> {
      running = false;
      await asking;
      await Promise.allSettled(underWay);
      await pool.close();
    },
  };
}

export type Witness = ReturnType<typeof startWitness>;

function nothingSeen(): Testimony {
  return { acceptedAt: undefined, refusedAt: undefined, acceptedAfterRefusal: 0 };
}
