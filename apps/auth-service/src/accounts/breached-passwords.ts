import { LEAST_PASSWORD_CHARACTERS } from './password-text.ts';

let loading: Promise<ReadonlySet<string>> | undefined;

/**
 * The commonest passwords from public breaches that are long enough to be allowed at all: some 18,000, in lower case.
 * Loaded with the first registration (20 ms, 2 MB), then kept.
 */
export function loadBreachedPasswords(): Promise<ReadonlySet<string>> {
  loading ??= import('@zxcvbn-ts/language-common').then(({ dictionary }) => {
    const longEnough = dictionary['passwords-common'].filter(
      (word) => word.length >= LEAST_PASSWORD_CHARACTERS,
    );
    return new Set(longEnough);
  });
  return loading;
}
