import type { Origin } from '../../audit/audit-event.ts';
import type { Client } from '../../clients/clients.ts';
import { type ResourceUrls, type Target, targetOf } from '../../permissions/resource-urls.ts';
import { parseScope } from '../../permissions/scope.ts';
import type { TokenAnswer } from '../token-answer.ts';
import { TokenError } from '../token-error.ts';
import type { TokenParameters } from '../token-parameters.ts';

export type GrantRequest = {
  /** Authenticated, if it is a service. */
  readonly client: Client;
  readonly parameters: TokenParameters;
  readonly origin: Origin & { readonly address: string };
  readonly userAgent: string | undefined;
  /** The thumbprint of the key that the client proved to have; its tokens are bound to it. */
  readonly proven: string | undefined;
};

/** Handles one grant type (RFC 6749 §1.3). Rejects with TokenError. */
export type Grant = (request: GrantRequest) => Promise<TokenAnswer>;

/** Reads the scope parameter. Throws TokenError `invalid_scope` when it is malformed. */
export function askedScopes({ scope }: TokenParameters): readonly string[] | undefined {
  if (scope === undefined) return undefined;
  const scopes = parseScope(scope);
  if (scopes === undefined) throw new TokenError('invalid_scope', 'The scope is malformed.');
  return scopes;
}

/** Reads the resource parameter (RFC 8707 §2.2). Throws TokenError `invalid_target` when it names no service. */
export function askedTarget({ resource }: TokenParameters, urls: ResourceUrls): Target | undefined {
  if (resource === undefined) return undefined;
  const target = targetOf(resource, urls);
  if (target === undefined)
    throw new TokenError('invalid_target', 'There is no service with this resource URL.');
  return target;
}
