import type { ShownSpan } from '../../src/demo/api.ts';

/** Why the page asked: because somebody did something, to be alive, for a panel's table, or to have many requests under way. */
export type Purpose = 'person' | 'background' | 'probe' | 'load';

/** A request that the page has sent. */
export type PageRequest = {
  readonly traceId: string;
  readonly spanId: string;
  readonly purpose: Purpose;
  readonly method: string;
  /** Without a fragment. */
  readonly url: string;
  /** In lower case; what is secret in them is masked. */
  readonly headers: Readonly<Record<string, string>>;
  /** The access token that it carried. It is looked into on the page and never shown as it is. */
  readonly token: string | null;
  /** What it said, with secrets masked; null when there was nothing, or nothing that is text. */
  readonly body: string | null;
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number;
};

/** How it ended. */
export type PageAnswer = {
  /** HTTP status; 0: no answer came. */
  readonly status: number;
  /** Those that the service lets pages see. */
  readonly headers: Readonly<Record<string, string>>;
  readonly durationMs: number;
  /** Of a problem document (RFC 9457), or of an OAuth error (RFC 6749 §5.2). */
  readonly problem: Problem | null;
};

export type Problem = {
  readonly code: string | null;
  /** Why a token was revoked, or a session ended. */
  readonly reason: string | null;
  readonly detail: string | null;
};

/** Everything that is known of one trace: what the page did, and what the services report of it. */
export type TrafficEntry = {
  readonly request: PageRequest;
  /** Null: on its way. */
  readonly answer: PageAnswer | null;
  /** In the order in which they began. */
  readonly spans: readonly ShownSpan[];
};

/** The newest last. */
export type Traffic = { readonly entries: readonly TrafficEntry[] };

export const noTraffic: Traffic = { entries: [] };
