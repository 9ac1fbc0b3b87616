import { ProblemError } from '@latchkey/service-kit';

export function unknownProvider(): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown_provider',
    detail: 'There is no provider with this id.',
  });
}

export function unknownIdentity(): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'identity_not_found',
    detail: 'You have no identity with this id.',
  });
}

export function lastWayIn(): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'last_way_in',
    detail: 'You could not sign in any more. Set a password, or link another account, first.',
  });
}

export function foreignPage(): ProblemError {
  return new ProblemError({
    status: 403,
    code: 'origin_not_allowed',
    detail: 'Only a page of this client can link accounts, and the person returns to it.',
  });
}

export function providerUnavailable(): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'provider_unavailable',
    detail: 'The provider does not answer at the moment.',
    headers: { 'retry-after': '5' },
  });
}
