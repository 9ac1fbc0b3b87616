// Runs before each test file of the run. The tests of the whole system come first (scripts/test-sequencer.ts). Once
// another file begins, its worker has no use for a system, which would cost 7 % of a core while it waits.
import { expect } from 'vitest';
import { endShared } from './shared.ts';

if (!expect.getState().testPath?.startsWith(`${import.meta.dirname}/`)) await endShared();
