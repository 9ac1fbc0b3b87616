import { randomBytes } from 'node:crypto';
import type { Signer } from '../../keys/loaded-keys.ts';
import { signCompactJws } from '../../tokens/compact-jws.ts';
import type { Position } from '../log/position.ts';
import type { RevocationBatch } from '../log/revocation-log.ts';

/** The audience of the events: every verifier of our tokens. */
const AUDIENCE = 'urn:latchkey:revocations';
/** Continuous Access Evaluation Profile 1.0 §3.1. */
const SESSION_REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const REVOCATIONS = 'urn:latchkey:event:revocations';
const SNAPSHOT = 'urn:latchkey:event:snapshot';
const HEARTBEAT = 'urn:latchkey:event:heartbeat';

/** The content of an event, and the positions before and after it. */
type EventContent = {
  readonly after: Position;
  readonly upTo: Position;
  readonly type: string;
  readonly event: object;
  /** The subject of the event (RFC 9493). */
  readonly subjectId?: object;
};

export type SecurityEvents = ReturnType<typeof createSecurityEvents>;

/**
 * Makes Security Event Tokens (RFC 8417) about revocations. Each contains the positions before and after it, so that a
 * subscriber notices a missing one.
 *
 * They do not expire (RFC 8417 §2.2): a revocation stays in force, and a wrong clock must not lose an event.
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

  function sign({ after, upTo, type, event, subjectId }: EventContent): Promise<string> {
    const payload = {
      iss: issuer,
      aud: AUDIENCE,
      iat: Math.floor(clock() / 1000),
      jti: randomBytes(16).toString('base64url'),
      after,
      up_to: upTo,
      ...(subjectId && { sub_id: subjectId }),
      events: { [type]: event },
    };
    return signCompactJws({ typ: 'secevent+jwt', payload, signer: signer() });
  }

  return {
    /** The revocations between two positions. */
    revocations({ after, upTo, revocations }: RevocationBatch): Promise<string> {
      const [only] = revocations;
      return revocations.length === 1 && only?.kind === 'session'
        ? sign({ after, upTo, ...sessionRevoked(only, clock()) })
        : sign({ after, upTo, type: REVOCATIONS, event: { revocations } });
    },

    /** One page of all retained revocations; `done` in the last one. */
    snapshot({ after, upTo, revocations }: RevocationBatch, { done }: { done: boolean }): Promise<string> {
      return sign({ after, upTo, type: SNAPSHOT, event: { revocations, done } });
    },

    /** Nothing was revoked after this position. */
    heartbeat: (position: Position): Promise<string> =>
      sign({ after: position, upTo: position, type: HEARTBEAT, event: {} }),
  };
}

/** A standard event that other products understand. The session is part of a complex subject (CAEP §2). */
function sessionRevoked(
  { id, reason }: { readonly id: string; readonly reason: string },
  now: number,
): Pick<EventContent, 'type' | 'event' | 'subjectId'> {
  return {
    type: SESSION_REVOKED,
    event: { event_timestamp: Math.floor(now / 1000), reason_admin: { en: reason } },
    subjectId: { format: 'complex', session: { format: 'opaque', id } },
  };
}
