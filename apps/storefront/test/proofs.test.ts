import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checks, proofs } from '../page/demo/inspector/checks.ts';

it.each(checks)('the test that proves the step %s is there', (check) => {
  expect(proofs[check]).toMatch(/\.test\.ts$/);
  expect(existsSync(new URL(`../../../${proofs[check]}`, import.meta.url)), proofs[check]).toBe(true);
});
