// The types of the demo's routes, which both the page and the server import.

/** The services that verify tokens by themselves. */
export type ShopService = 'cart-service' | 'wishlist-service' | 'payment-service';

/** GET /demo/people: the demo accounts. They exist only on this machine. */
export type DemoPeople = { readonly people: readonly DemoPerson[] };
export type DemoPerson = {
  readonly username: string;
  readonly password: string;
  readonly roles: readonly string[];
};

/**
 * GET /demo/spans?trace_prefix=<16 hex digits>: server-sent events named `span`, each with one span as JSON. First the
 * spans of the last minute, then new ones as they arrive.
 */
export type ShownSpan = {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  /** service.name of the reporting service, e.g. `cart-service`. */
  readonly service: string;
  /** `server`: a request that the service answered. `client`: a request that it sent, also to a database. */
  readonly kind: 'server' | 'client';
  /** E.g. `GET /cart`. */
  readonly name: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly start_ms: number;
  readonly duration_ms: number;
  /** HTTP status; null where there is none. */
  readonly status: number | null;
  /** The span's other attributes, among them the verdict on a token: see `tokenAttributes`. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
};

/** The names of the attributes for a service's verdict on a token. */
export const tokenAttributes = {
  /** The check that refused it, e.g. `signature`, `audience`, `expired`, `revoked`; absent when it passed. */
  refusedBy: 'latchkey.token.refused_by',
  subject: 'latchkey.token.sub',
  session: 'latchkey.token.sid',
  client: 'latchkey.token.client_id',
  /** The services that act for the person, outermost first, separated by spaces; absent when the person acts. */
  actors: 'latchkey.token.act',
  scope: 'latchkey.token.scope',
  keyId: 'latchkey.token.kid',
} as const;

/** A service's verdict on a token. */
export type Verdict = {
  readonly service: ShopService;
  /** HTTP status; 0: no answer. */
  readonly status: number;
  /** `code` of the problem document; null for a success. */
  readonly code: string | null;
  /** Why a revoked token was revoked, e.g. `sign_out`; null when the answer does not say. */
  readonly reason: string | null;
};

/** How a service's verdict on one token changed. */
export type Stopwatch = {
  readonly service: ShopService;
  readonly before: Verdict;
  readonly after: Verdict;
  /**
   * Milliseconds from the answer to the action until the first changed verdict. Null when the verdict did not change in
   * time, the token was refused before, or there was no verdict. No answer, or a status of 500 and above, is no
   * verdict.
   */
  readonly elapsed_ms: number | null;
};
export type Timed = { readonly stopwatch: readonly Stopwatch[] };

/** The body of a request about the page's token. */
export type WithToken = { readonly access_token: string };

/** POST /demo/permissions/read with WithToken. */
export type Permissions = {
  readonly username: string;
  readonly roles: readonly string[];
  /** Every scope of the shop's services, and whether the person has it. */
  readonly scopes: readonly { readonly scope: string; readonly granted: boolean }[];
};
/** PUT /demo/permissions: as the administrator, gives the person of the token exactly these scopes. */
export type ChangePermissions = WithToken & { readonly scopes: readonly string[] };
export type PermissionsChanged = Permissions & Timed;

/** POST /demo/thefts/access-token with WithToken: uses it from "another machine". */
export type AccessTokenTheft = { readonly verdicts: readonly Verdict[] };
/** POST /demo/thefts/access-token/sign-out with WithToken: its owner signs out; answers Timed. */

/**
 * POST /demo/thefts/refresh-token, with the cookie that the browser sends by itself. For a session that is bound to a
 * key, the thief's refusal is the only step, and nothing is measured.
 */
export type RefreshTokenTheft = Timed & {
  /** What happened, in order. */
  readonly steps: readonly {
    readonly who: 'thief' | 'owner';
    /** The generation of the refresh token that was sent. */
    readonly generation: number;
    readonly status: number;
    readonly code: string | null;
    readonly reason: string | null;
  }[];
};

/** A phone of the person: client latchkey-mobile, which allows one device at a time. */
export type Phone = {
  readonly id: string;
  readonly device_name: string;
  readonly session_id: string;
  readonly signed_in: boolean;
  /** Why its session ended, as auth-service answers the phone's refresh. */
  readonly reason: string | null;
};
/** GET /demo/phones?username= */
export type Phones = { readonly phones: readonly Phone[] };
/** POST /demo/phones {username}: signs one more phone in. The stopwatch is for the token of the displaced phone. */
export type PhoneSignedIn = Phones & Timed & { readonly phone: Phone };
/** DELETE /demo/phones/{id} with WithToken: the person ends the phone's session from this page; answers Timed. */

/** The client_id of gift-ideas, an application of a partner. */
export const partner = 'gift-ideas';

/** GET /demo/sharing: where browsers open gift-ideas; null when it does not run here. */
export type Sharing = { readonly url: string | null };
/**
 * POST /demo/sharing {username}: signs the person in at gift-ideas and allows what it asks for, as their browser would.
 * Its tokens stay there, so the services' own reports say what its token may do, and how they answered it.
 */
export type Shared = {
  /** The scopes of its token, separated by spaces; null when no service has reported it. */
  readonly scope: string | null;
  /** Of cart and wishlist, as far as they have reported. A report has no `code`. */
  readonly verdicts: readonly Verdict[];
};
/**
 * DELETE /demo/sharing {access_token, username}: withdraws the consent with the person's own token; answers Timed.
 * Measured until gift-ideas, which asks again every few milliseconds, has been refused.
 */

/** GET /demo/keys */
export type SigningKeys = {
  readonly keys: readonly {
    readonly kid: string;
    readonly state: 'next' | 'active' | 'retiring';
    /** When a next key may sign at the earliest, RFC 3339. */
    readonly may_sign_at: string | null;
  }[];
};
/** POST /demo/keys/rotation: SigningKeys, or 409 rotation_too_early with Retry-After. */
/** DELETE /demo/keys/{kid} with WithToken: answers SigningKeys & Timed. */

/** GET /demo/failures; PUT /demo/failures/{name} {"stopped": true|false} answers the same. */
export type Failures = {
  /** Whether the demo can stop and start parts of the system: it can where `npm start` runs it. */
  readonly available: boolean;
  readonly stopped: Readonly<Record<'auth-service' | 'redis', boolean>>;
};
