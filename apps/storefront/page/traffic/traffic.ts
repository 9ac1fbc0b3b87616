import type { ShownSpan } from '../../src/demo/api.ts';

/** Why the page sent a request: for an action of the person, a background read, a panel's table, or generated load. */
export type Purpose = 'person' | 'background' | 'probe' | 'load';

/** A request that the page has sent. */
export type PageRequest = {
  readonly traceId: string;
  readonly spanId: string;
  readonly purpose: Purpose;
  readonly method: string;
  /** Without a fragment. */
  readonly url: string;
  /** Names in lower case; secret values are masked. */
  readonly headers: Readonly<Record<string, string>>;
  /** The access token that it carried. The page decodes it, and never shows it as it is. */
  readonly token: string | null;
  /** The proof of a key that it carried (RFC 9449), likewise. */
  readonly proof: string | null;
  /** The body with masked secrets; null when there was none, or it was not text. */
  readonly body: string | null;
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number;
  /** Set when the browser itself went there, and came back to the page at the address `back`. */
  readonly visit?: { readonly provider: string | null; readonly back: string };
};

/** How it ended. */
export type PageAnswer = {
  /** HTTP status; 0: no answer came. */
  readonly status: number;
  /** The headers that the service lets pages read. */
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

/** All about one trace: the page's request, its answer, and the services' spans. */
export type TrafficEntry = {
  readonly request: PageRequest;
  /** Null while there is no answer yet. */
  readonly answer: PageAnswer | null;
  /** In the order in which they began. */
  readonly spans: readonly ShownSpan[];
};

/** The newest last. */
export type Traffic = { readonly entries: readonly TrafficEntry[] };

export const noTraffic: Traffic = { entries: [] };
