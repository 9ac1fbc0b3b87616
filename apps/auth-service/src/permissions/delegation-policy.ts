import { type Delegation, knownServices, nameOf } from '@latchkey/services';

/**
 * Which service may call which other service on a person's behalf, with which scopes. Anything else is refused.
 *
 * - `scopes`: may be passed on if the person's own token has them. Never more than the person may do.
 * - `actorScopes`: only for this service; a person's own token never carries them. The service gets one if the person's
 *   token has all the scopes that it `requires`.
 * - `ownScopes`: what the service may do in its own name, without a person.
 */
export const delegationPolicy: DelegationPolicy = Object.fromEntries(
  knownServices
    .filter(({ name }) => name !== 'auth-service')
    .map(({ name, calls }) => {
      const toward = Object.entries(calls).map(([key, delegation]) => [nameOf(key), delegation]);
      // Every service follows the revocations.
      return [name, { ownScopes: ['revocations:read'], toward: Object.fromEntries(toward) }];
    }),
);

export type DelegationPolicy = Readonly<Record<string, ServicePolicy>>;

export type ServicePolicy = {
  readonly ownScopes: readonly string[];
  /** By audience. */
  readonly toward: Readonly<Record<string, Delegation>>;
};

/** How many services may be between a person and the called service: `act`, and one nested `act`. */
export const maxActors = 2;
