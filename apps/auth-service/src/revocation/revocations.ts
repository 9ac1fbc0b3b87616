import { createRevocationList, type RevocationList } from '@latchkey/auth-client';
import type { RedisClient } from '../redis/client.ts';
import type { ConnectionOptions } from '../redis/connection.ts';
import type { DataSets } from './log/data-sets.ts';
import type { PublishableRevocation } from './log/revocation.ts';
import { createRevocationLog, type RevocationLog } from './log/revocation-log.ts';

/** How often the list is confirmed as complete while the log is following. */
const confirmMs = 250;

export type RevocationsOptions = {
  readonly redis: RedisClient;
  readonly redisUrl: ConnectionOptions['url'];
  readonly shards: number;
  /** See retentionSeconds. */
  readonly retentionSeconds: number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** As in RevocationLogOptions. */
  readonly dataSets?: Pick<DataSets, 'note' | 'requireKnown'>;
  readonly onError: (error: Error) => void;
};

export type Revocations = {
  readonly log: RevocationLog;
  /** The revocations read from the log, for verifiers within auth-service. */
  readonly list: RevocationList;
  /** As the log's publish. Once it resolves, the list contains the revocation. */
  publish(revocation: PublishableRevocation): Promise<void>;
  /** Starts the log. Listeners that were added before this call run before the list is updated. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * The revocations as auth-service itself needs them: the log, which all replicas share, and this replica's list, which
 * is updated from the log. The list is complete while the log is following.
 *
 * @example
 * const revocations = createRevocations({ redis, redisUrl, shards: 1, retentionSeconds: 330, clock, onError });
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
      timer = setInterval(confirm, confirmMs);
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
