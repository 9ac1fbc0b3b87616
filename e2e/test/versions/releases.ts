import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Release = {
  readonly name: string;
  readonly commit: string;
};

const file = join(import.meta.dirname, '..', '..', '..', 'deploy', 'releases.json');

/** Oldest first. */
export const { releases } = JSON.parse(readFileSync(file, 'utf8')) as { releases: readonly Release[] };
