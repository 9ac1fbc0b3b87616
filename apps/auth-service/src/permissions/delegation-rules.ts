import { type DelegationPolicy, maxActors } from './delegation-policy.ts';

/** A service's request to act for a person. */
export type DelegationRequest = {
  /** The requesting service. */
  readonly actor: string;
  /** The service that it wants to call. */
  readonly audience: string;
  /** What the person may do, by the incoming token. */
  readonly heldScopes: readonly string[];
  /** Who already acts for the person, by that token, the most recent first. */
  readonly actors: readonly string[];
  /** Undefined requests everything that is allowed. */
  readonly askedScopes: readonly string[] | undefined;
};

export type DelegationDecision =
  | { readonly allowed: true; readonly scopes: readonly string[]; readonly actors: readonly string[] }
  | {
      readonly allowed: false;
      /** RFC 8693 §2.2.2 for the target, RFC 6749 §5.2 for the scope. */
      readonly error: 'invalid_target' | 'invalid_scope';
      readonly reason: 'no_policy' | 'too_many_actors' | 'scope_not_allowed' | 'no_scope_left';
    };

/**
 * Decides what a service may do for a person at another service: the scopes of the new token, and its chain of actors.
 *
 * Allowed are those of the person's scopes that the policy passes on, and the actor scopes that they entitle the actor
 * to. A request for more is refused, not silently narrowed, so that the caller notices at once.
 *
 * Does not check the incoming token, or whether its session is alive.
 *
 * @example
 * decideDelegation(delegationPolicy, { actor: 'payment-service', audience: 'cart-service',
 *   heldScopes: ['cart:read'], actors: [], askedScopes: undefined }); // scopes: ['cart:read']
 */
export function decideDelegation(policy: DelegationPolicy, request: DelegationRequest): DelegationDecision {
  const { actor, audience, heldScopes, askedScopes } = request;
  const toward = memberOf(memberOf(policy, actor)?.toward, audience);
  if (toward === undefined) return refused('invalid_target', 'no_policy');
  const actors = [actor, ...request.actors];
  if (actors.length > maxActors) return refused('invalid_target', 'too_many_actors');

  const passedOn = toward.scopes.filter((scope) => heldScopes.includes(scope));
  const entitled = Object.entries(toward.actorScopes ?? {})
    .filter(([, { requires }]) => requires.every((scope) => heldScopes.includes(scope)))
    .map(([scope]) => scope);
  const allowed = [...passedOn, ...entitled];

  if (askedScopes?.some((scope) => !allowed.includes(scope)))
    return refused('invalid_scope', 'scope_not_allowed');
  if (allowed.length === 0) return refused('invalid_scope', 'no_scope_left');
  return { allowed: true, scopes: askedScopes ?? allowed, actors };
}

type Refusal = Extract<DelegationDecision, { allowed: false }>;

function refused(error: Refusal['error'], reason: Refusal['reason']): Refusal {
  return { allowed: false, error, reason };
}

/** Own members only, because the names come from requests. */
function memberOf<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
