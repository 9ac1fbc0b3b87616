import { minPasswordCharacters } from './password-text.ts';

let loading: Promise<ReadonlySet<string>> | undefined;

/**
 * Loads the most common passwords from public breaches that are long enough to be allowed: about 18,000, in lower case.
 * They are loaded on the first use (20 ms, 2 MB) and then kept.
 */
export function loadBreachedPasswords(): Promise<ReadonlySet<string>> {
  loading ??= import('@zxcvbn-ts/language-common').then(({ dictionary }) => {
    const longEnough = dictionary['passwords-common'].filter((word) => word.length >= minPasswordCharacters);
    return new Set(longEnough);
  });
  return loading;
}
