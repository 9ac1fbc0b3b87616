import { createRevocationList, type RevocationList } from '@latchkey/auth-client';
import type { Redis } from 'ioredis';
import type { ConnectionOptions } from '../redis/connection.ts';
import type { DataSets } from './log/data-sets.ts';
import type { PublishableRevocation } from './log/revocation.ts';
import { createRevocationLog, type RevocationLog } from './log/revocation-log.ts';

/** How old the list says that it is, at most, while the log is following. */
const CONFIRM_MS = 250;

export type RevocationsOptions = {
  readonly redis: Redis;
  readonly redisUrl: ConnectionOptions['url'];
  readonly shards: number;
  /** See retentionSeconds. */
  readonly retentionSeconds: number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** As the log's. */
  readonly dataSets?: Pick<DataSets, 'note' | 'believe'>;
  readonly onError: (error: Error) => void;
};

export type Revocations = {
  readonly log: RevocationLog;
  /** What the log has told: for whoever verifies tokens in auth-service itself. */
  readonly list: RevocationList;
  /** As the log's; and once it resolves, the list holds it. */
  publish(revocation: PublishableRevocation): Promise<void>;
  /** Starts the log. Listeners from before are told before the list is. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * What was revoked, as auth-service itself has to know it: the log, which all replicas share, and the list that obeys
 * it here. The list is complete while the log is following.
 *
 * @example
 * const revocations = createRevocations({ redis, redisUrl, shards: 1, retentionSeconds: 330, clock: Date.now, onError });
 * await revocations.start();
 * revocations.list.find(token);
 */
export function createRevocations(options: RevocationsOptions): Revocations {
  const { retentionSeconds } = options;
  const log = createRevocationLog({ ...options, revocationSeconds: retentionSeconds });
  const list = createRevocationList({ retentionSeconds });
  let timer: NodeJS.Timeout | undefined;

  function confirm(): void {
    if (log.isFollowing) list.confirm();
  }

  return {
    log,
    list,
    async publish(revocation) {
      await log.publish(revocation);
      list.apply([revocation]);
    },
    async start() {
      log.onBatch(({ revocations }) => {
        list.apply(revocations);
        confirm();
      });
      timer = setInterval(confirm, CONFIRM_MS);
      timer.unref();
      await log.start();
      confirm();
    },
    async stop() {
      clearInterval(timer);
      await log.stop();
    },
  };
}
