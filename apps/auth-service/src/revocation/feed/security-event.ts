import { randomBytes } from 'node:crypto';
import { type FeedEvent, feedTokenType, type Position, writeEvent } from '@latchkey/auth-client/feed';
import type { Signer } from '../../keys/loaded-keys.ts';
import { signCompactJws } from '../../tokens/compact-jws.ts';
import type { RevocationBatch } from '../log/revocation-log.ts';

export type SecurityEvents = ReturnType<typeof createSecurityEvents>;

/**
 * Makes Security Event Tokens (RFC 8417) about revocations, in the format of auth-client's feed.
 *
 * @example
 * const events = createSecurityEvents({ issuer, signer: () => keyRing.signer(), clock: Date.now });
 * const token = await events.heartbeat(log.head);
 */
export function createSecurityEvents(options: {
  readonly issuer: string;
  /** Returns the active signing key. Called for each event, because the key changes. */
  readonly signer: () => Signer;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}) {
  const { issuer, signer, clock } = options;

  function sign(event: FeedEvent): Promise<string> {
    const id = randomBytes(16).toString('base64url');
    const payload = writeEvent(event, { issuer, id, nowMs: clock() });
    return signCompactJws({ typ: feedTokenType, payload, signer: signer() });
  }

  return {
    /** The revocations between two positions. */
    revocations: (batch: RevocationBatch): Promise<string> => sign({ kind: 'batch', ...batch, done: false }),

    /** One page of all retained revocations; `done` in the last one. */
    snapshot: (batch: RevocationBatch, { done }: { done: boolean }): Promise<string> =>
      sign({ kind: 'snapshot', ...batch, done }),

    /** Nothing was revoked after this position. */
    heartbeat: (position: Position): Promise<string> =>
      sign({ kind: 'heartbeat', after: position, upTo: position, revocations: [], done: false }),
  };
}
