import { AuthClientError, AuthError } from '../errors.ts';
import type { RevocationList } from '../revocation/revocation-list.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Authentication } from '../token/authentication.ts';
import { isScope } from '../token/scope.ts';

/** What a route asks for besides scopes. */
export interface AccessOptions {
  /**
   * The services that may use this route, and only on a user's behalf: the token must have been exchanged by one of
   * them, directly. A token without an actor, with another, or with a chain of actors gets 403 actor_not_allowed.
   */
  actors?: readonly [string, ...string[]];
  /**
   * The most that the user's sign-in may be ago, in seconds; older gets 401 insufficient_user_authentication (RFC 9470).
   * Takes no notice of how they signed in.
   */
  maxAuthAgeSeconds?: number;
  /** Lets services in with tokens of their own, behind which nobody signed in. Default false: 403 user_required. */
  allowService?: boolean;
  /**
   * The most that this service's knowledge of what has been revoked may be old, in seconds; when it is older, 503
   * revocations_stale. Default the service's own bound; null sets none. The issuer confirms every 5 s: bounds under 10
   * refuse now and then for nothing.
   */
  maxRevocationLagSeconds?: number | null;
}

/** What a route asks of a caller whose token is good. */
export interface Requirements extends AccessOptions {
  /** All of them are needed. */
  scopes: readonly string[];
}

const known = new Set(['actors', 'maxAuthAgeSeconds', 'allowService', 'maxRevocationLagSeconds']);

/**
 * Takes apart what requireScope was given: scopes, and options last.
 *
 * @throws AuthClientError invalid_scope or invalid_requirement: the programmer's mistake, when the route is declared
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
    return 'allowService goes with neither actors nor maxAuthAgeSeconds: a service acts for nobody and never signs in';
  return undefined;
}

/** A bound on how long ago something may be: whole seconds, 1 or more. */
export function isAge(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

interface CheckContext {
  clock: Clock;
  /** Null: nobody tells this service what has been revoked. */
  revocations: RevocationList | null;
}

/**
 * Lets a caller whose token is good pass, or says what is missing: the kind of caller first, then scopes, then the
 * actor, then the age of the sign-in, so that nobody signs in again for what they may not do anyway; and last whether
 * enough is known of what has been revoked.
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
  // The outermost actor is who sends the request. RFC 8693 §4.1 calls earlier ones informational; here they mean that
  // the user asked somebody else than this actor, who therefore cannot say what the user agreed to.
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
 * @throws AuthError revocations_stale when the list was complete longer ago; without a bound any age will do, but a list
 * that has never been complete may lack everything: then nobody passes, as while there are no keys
 */
export function checkRevocationLag(
  revocations: Pick<RevocationList, 'hasBeenComplete' | 'lagSeconds'> | null,
  maxSeconds: number | null | undefined,
): void {
  if (!revocations) return;
  // The bound first: how old the list is, only the clock can tell.
  const isTooOld = typeof maxSeconds === 'number' && revocations.lagSeconds > maxSeconds;
  if (isTooOld || !revocations.hasBeenComplete)
    throw new AuthError('revocations_stale', { headers: { 'retry-after': '1' } });
}
