import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';

const lineSchema = Type.Object({
  time: Type.Union([Type.String(), Type.Number()]),
  audit: Type.Object({
    event: Type.String(),
    subject: Type.Optional(Type.String()),
    sessionId: Type.Optional(Type.String()),
    clientId: Type.Optional(Type.String()),
    details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  }),
});

type AuditEvent = Static<typeof lineSchema>['audit'];

/** What auth-service's log says was changed. Of each account and client it is the last change that counts. */
export type LoggedChanges = {
  readonly events: number;
  readonly keys: ReadonlySet<string>;
  /** By account: whether it is disabled. */
  readonly disabled: ReadonlyMap<string, boolean>;
  /** By account: its roles. */
  readonly roles: ReadonlyMap<string, readonly string[]>;
  readonly passwords: ReadonlySet<string>;
  /** Every subject that an event names. */
  readonly subjects: ReadonlySet<string>;
  /** By account: the ends of its sessions, with their reasons. */
  readonly sessions: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** By account: the applications, and whether they are still allowed something. */
  readonly consents: ReadonlyMap<string, ReadonlyMap<string, boolean>>;
  /** By client: whether it is revoked. */
  readonly clients: ReadonlyMap<string, boolean>;
  /** What a person has to look at: sentences. */
  readonly byHand: readonly string[];
};

/** Why a session counts as ended when its event names no reason. */
const unnamedReason = 'ended_by_operator';

/**
 * Reads the audit events from the log of auth-service, one JSON object for each line, and ignores all other lines. The
 * logs of several replicas may follow each other: events are put into the order of their times.
 *
 * Does not check that the log is complete.
 */
export async function readLoggedChanges(log: Readable): Promise<LoggedChanges> {
  const lines: Static<typeof lineSchema>[] = [];
  for await (const text of createInterface({ input: log, crlfDelay: Number.POSITIVE_INFINITY })) {
    const line = parse(text);
    if (Check(lineSchema, line)) lines.push(line);
  }
  lines.sort((a, b) => new Date(a.time).getTime() - new Date(b.time).getTime());
  const changes = {
    events: lines.length,
    keys: new Set<string>(),
    disabled: new Map<string, boolean>(),
    roles: new Map<string, readonly string[]>(),
    passwords: new Set<string>(),
    subjects: new Set(lines.flatMap(({ audit }) => audit.subject ?? [])),
    sessions: new Map<string, Map<string, string>>(),
    consents: new Map<string, Map<string, boolean>>(),
    clients: new Map<string, boolean>(),
    byHand: [] as string[],
  };
  for (const { audit } of lines) note(audit, changes);
  return changes;
}

type Noted = { -readonly [Name in keyof LoggedChanges]: LoggedChanges[Name] } & {
  readonly keys: Set<string>;
  readonly disabled: Map<string, boolean>;
  readonly roles: Map<string, readonly string[]>;
  readonly passwords: Set<string>;
  readonly sessions: Map<string, Map<string, string>>;
  readonly consents: Map<string, Map<string, boolean>>;
  readonly clients: Map<string, boolean>;
  readonly byHand: string[];
};

function note(
  { event, subject = '', sessionId = '', clientId = '', details = {} }: AuditEvent,
  noted: Noted,
): void {
  switch (event) {
    case 'key.revoked':
      if (typeof details['kid'] === 'string') noted.keys.add(details['kid']);
      break;
    case 'account.disabled':
    case 'account.enabled':
      noted.disabled.set(subject, event === 'account.disabled');
      break;
    case 'account.roles_changed':
      if (Array.isArray(details['after'])) noted.roles.set(subject, details['after'].map(String));
      break;
    case 'account.password_changed':
      noted.passwords.add(subject);
      break;
    case 'session.ended':
    case 'refresh.reused':
    case 'code.reused': {
      const reason = event === 'session.ended' ? details['reason'] : undefined;
      inner(noted.sessions, subject).set(sessionId, typeof reason === 'string' ? reason : unnamedReason);
      break;
    }
    case 'consent.granted':
    case 'consent.withdrawn':
      inner(noted.consents, subject).set(clientId, event === 'consent.granted');
      break;
    case 'client.revoked':
    case 'client.activated':
      noted.clients.set(clientId, event === 'client.revoked');
      break;
    case 'client.removed':
      noted.byHand.push(`the application ${clientId} was removed: it is registered again`);
      break;
    case 'identity.unlinked':
      noted.byHand.push(`account ${subject} unlinked ${String(details['provider'])}: it is linked again`);
      break;
  }
}

function inner<Value>(map: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const found = map.get(key) ?? new Map<string, Value>();
  map.set(key, found);
  return found;
}

function parse(text: string): unknown {
  if (!text.includes('"audit"')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
