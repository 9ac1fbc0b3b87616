import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { reference } from '../reference.ts';

test.each(Object.keys(reference).map((path) => [basename(path), path] as const))(
  '%s is up to date with the code: npm run reference',
  (_, path) => {
    expect(readFileSync(path, 'utf8')).toBe(reference[path]);
  },
);
