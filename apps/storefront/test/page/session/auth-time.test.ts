import { expect, it } from 'vitest';
import { knownAuthTime } from '../../../page/session/auth-time.ts';

it('a sign-in is not dated to 1970 where the provider did not say when it was', () => {
  expect(knownAuthTime({ authTimeMs: 1000 })).toBeNull();
  expect(knownAuthTime({ authTimeMs: 1_795_000_000_000 })).toBe(1_795_000_000_000);
});
