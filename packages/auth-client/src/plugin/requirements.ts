import { AuthClientError, AuthError } from '../errors.ts';
import type { RevocationList } from '../revocation/revocation-list.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Authentication } from '../token/authentication.ts';
import { isScope } from '../token/scope.ts';

/** What a route requires besides scopes. */
export type AccessOptions = {
  /**
   * The services that may use this route, and only on a person's behalf. One of them must have exchanged the token
   * directly. A token without an actor, with another actor, or with a chain of actors gets 403 actor_not_allowed.
   */
  actors?: readonly [string, ...string[]];
  /**
   * The greatest allowed age of the person's sign-in, in seconds. An older one gets 401
   * insufficient_user_authentication (RFC 9470). Does not check how the person signed in.
   */
  maxAuthAgeSeconds?: number;
  /** Admits services with their own tokens too, which involve no sign-in. Default false: 403 user_required. */
  allowService?: boolean;
  /**
   * The greatest allowed age of the revocation list, in seconds; beyond it, 503 revocations_stale. Default the
   * service's own limit; null sets none. The issuer confirms every 5 s, so limits under 10 cause needless refusals.
   */
  maxRevocationLagSeconds?: number | null;
};

/** What a route requires of a caller with a good token. */
export interface Requirements extends AccessOptions {
  /** All of them are required. */
  scopes: readonly string[];
}

const known = new Set(['actors', 'maxAuthAgeSeconds', 'allowService', 'maxRevocationLagSeconds']);

/**
 * Splits the arguments of requireScope into scopes and, last, options.
 *
 * @throws AuthClientError invalid_scope or invalid_requirement when the route is declared wrongly
 */
export function requirementsFrom(given: readonly unknown[]): Requirements {
  const last = given.at(-1);
  const options = typeof last === 'object' && last !== null && !Array.isArray(last) ? last : undefined;
  const scopes = options ? given.slice(0, -1) : given;
  if (!(scopes.length > 0 && scopes.every(isScopeName))) {
    throw new AuthClientError(
      'invalid_scope',
      'requireScope needs at least one scope, spelled as in RFC 6749 §3.3',
    );
  }
  const requirements = { scopes, ...options } as Requirements & { scopes: string[] };
  const fault = options && faultOf(requirements, Object.keys(options));
  if (fault) throw new AuthClientError('invalid_requirement', `requireScope: ${fault}`);
  return Object.freeze(requirements);
}

function isScopeName(value: unknown): value is string {
  return typeof value === 'string' && isScope(value);
}

function faultOf(requirements: Requirements, names: readonly string[]): string | undefined {
  const { actors, maxAuthAgeSeconds, allowService, maxRevocationLagSeconds: maxLag } = requirements;
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) return `unknown option ${JSON.stringify(unknown)}`;
  if (names.includes('actors') && !(Array.isArray(actors) && actors.length > 0 && actors.every(isScopeName)))
    return 'actors must name at least one service';
  if (names.includes('maxAuthAgeSeconds') && !isAge(maxAuthAgeSeconds))
    return 'maxAuthAgeSeconds must be a whole number of seconds, 1 or more';
  if (names.includes('maxRevocationLagSeconds') && !(maxLag === null || isAge(maxLag)))
    return 'maxRevocationLagSeconds must be a whole number of seconds, 1 or more, or null';
  if (names.includes('allowService') && typeof allowService !== 'boolean')
    return 'allowService must be true or false';
  if (allowService && (actors || maxAuthAgeSeconds !== undefined))
    return 'allowService excludes actors and maxAuthAgeSeconds: a service acts for nobody and never signs in';
  return undefined;
}

/** Whether a value is an age limit: whole seconds, 1 or more. */
export function isAge(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

type CheckContext = {
  clock: Clock;
  /** Null: this service gets no revocations. */
  revocations: RevocationList | null;
};

/**
 * Admits a caller with a good token, or throws what is missing. Checks the kind of caller, scopes, actor, age of the
 * sign-in, and age of the revocation list, in this order: a caller who lacks the permission is not asked to sign in
 * again or to retry.
 *
 * @throws AuthError user_required, insufficient_scope, actor_not_allowed, insufficient_user_authentication or
 * revocations_stale
 */
export function checkRequirements(
  caller: Authentication,
  { requirements, clock, revocations }: CheckContext & { requirements: Requirements },
): void {
  const { scopes, actors, maxAuthAgeSeconds, allowService = false, maxRevocationLagSeconds } = requirements;
  if (caller.isService && !allowService) throw new AuthError('user_required');
  for (const scope of scopes) if (!caller.scopes.has(scope)) throw new AuthError('insufficient_scope');
  if (actors) checkActors(caller, actors);
  if (maxAuthAgeSeconds !== undefined) checkAuthAge(caller, { maxAuthAgeSeconds, clock });
  checkRevocationLag(revocations, maxRevocationLagSeconds);
}

function checkActors({ actor }: Authentication, allowed: readonly string[]): void {
  // The outermost actor sends the request. RFC 8693 §4.1 calls earlier ones informational. Here a chain is refused: the
  // person asked an earlier service, so this actor cannot say what the person agreed to.
  if (!actor || actor.actor || !allowed.includes(actor.subject)) throw new AuthError('actor_not_allowed');
}

/** @throws AuthError insufficient_user_authentication when the sign-in is longer ago */
export function checkAuthAge(
  { authTime }: Authentication,
  { maxAuthAgeSeconds, clock }: { maxAuthAgeSeconds: number; clock: Clock },
): void {
  if (authTime === undefined || clock.wallMs() / 1000 - authTime > maxAuthAgeSeconds)
    throw new AuthError('insufficient_user_authentication');
}

/**
 * Checks the age of the revocation list. Without a limit any age passes, but the list must have been complete once:
 * before that it may lack everything.
 *
 * @throws AuthError revocations_stale
 */
export function checkRevocationLag(
  revocations: Pick<RevocationList, 'hasBeenComplete' | 'lagSeconds'> | null,
  maxSeconds: number | null | undefined,
): void {
  if (!revocations) return;
  // The limit is tested first: lagSeconds reads the clock, which requests without a limit need not do.
  const isTooOld = typeof maxSeconds === 'number' && revocations.lagSeconds > maxSeconds;
  if (isTooOld || !revocations.hasBeenComplete)
    throw new AuthError('revocations_stale', { headers: { 'retry-after': '1' } });
}
