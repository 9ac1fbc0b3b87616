import { ProblemError } from '@latchkey/service-kit';
import type { KeyChange } from './key-changes.ts';

/** What a commanded rotation did. */
export type RotationResult =
  /** There was no next key. One was published; it can be activated once it has been published for long enough. */
  | { readonly action: 'published'; readonly kid: string }
  /** The next key is now active, and another one was published to follow it. */
  | { readonly action: 'activated'; readonly kid: string; readonly retiring: string; readonly next: string };

export function rotationResultOf(changes: readonly KeyChange[]): RotationResult {
  const kidOf = (wanted: KeyChange['change']) => changes.find(({ change }) => change === wanted)?.kid ?? '';
  if (!changes.some(({ change }) => change === 'activated'))
    return { action: 'published', kid: kidOf('published') };
  return {
    action: 'activated',
    kid: kidOf('activated'),
    retiring: kidOf('retired'),
    next: kidOf('published'),
  };
}

export function rotationTooEarly(allowedAt: number, now: number): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'rotation_too_early',
    detail:
      'The next key has not been published for long enough: a consumer may still hold a key set without it. ' +
      `It can be activated from ${new Date(allowedAt).toISOString()} on.`,
    headers: { 'retry-after': String(Math.max(1, Math.ceil((allowedAt - now) / 1000))) },
  });
}
