import { encodeForLog } from './encode-for-log.ts';

/** The events of the audit log. */
export type AuditEventName =
  | 'account.created'
  | 'account.roles_changed'
  | 'account.password_changed'
  | 'account.disabled'
  | 'account.enabled'
  | 'sign_in.succeeded'
  | 'sign_in.failed'
  | 'sign_in.limited'
  | 'sign_in.at_our_page'
  | 'authorization.granted'
  | 'authorization.denied'
  | 'code.reused'
  | 'consent.granted'
  | 'consent.withdrawn'
  | 'identity.linked'
  | 'identity.unlinked'
  | 'logout.undelivered'
  | 'session.ended'
  | 'session.lost'
  | 'session.renamed'
  | 'session.reauthenticated'
  | 'refresh.replayed'
  | 'refresh.adopted'
  | 'refresh.reused'
  | 'refresh.foreign_key'
  | 'token.exchanged'
  | 'token.exchange_refused'
  | 'token.revoked'
  | 'client.authentication_failed'
  | 'client.registered'
  | 'client.removed'
  | 'client.revoked'
  | 'client.activated'
  | 'key.published'
  | 'key.activated'
  | 'key.retired'
  | 'key.removed'
  | 'key.revoked'
  | 'key.rewrapped';

/** Small facts for human readers. Never a token, a password, or a typed user name. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Where a request came from, and the ids that identify its log lines. */
export type Origin = {
  readonly address?: string | undefined;
  readonly requestId?: string | undefined;
  readonly traceId?: string | undefined;
};

export type AuditEvent = Origin & {
  readonly event: AuditEventName;
  /** The account concerned. */
  readonly subject?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly details?: AuditDetails | undefined;
};

/** An event as it is written: with the time, and every text encoded. */
export type AuditRow = {
  readonly at: Date;
  readonly event: AuditEventName;
  readonly subject: string | null;
  readonly sessionId: string | null;
  readonly clientId: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly traceId: string | null;
  readonly details: Record<string, unknown> | null;
};

/** Makes the row of an event. Pure. */
export function auditRowOf(event: AuditEvent, at: Date): AuditRow {
  const text = (value: string | undefined) => (value === undefined ? null : encodeForLog(value));
  return {
    at,
    event: event.event,
    subject: text(event.subject),
    sessionId: text(event.sessionId),
    clientId: text(event.clientId),
    address: text(event.address),
    requestId: text(event.requestId),
    traceId: text(event.traceId),
    details: event.details === undefined ? null : encodeDetails(event.details),
  };
}

function encodeDetails(details: AuditDetails): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      encodeForLog(name),
      typeof value === 'string'
        ? encodeForLog(value)
        : Array.isArray(value)
          ? value.map(encodeForLog)
          : value,
    ]),
  );
}
