import { findOnPath } from '../programs/find-on-path.ts';
import { programFault } from '../redis/find.ts';

export type TestEngine = {
  readonly name: 'Redis' | 'Valkey';
  /** Undefined when this machine has none. Its tests are then skipped, and the output says so. */
  readonly program: string | undefined;
};

/** The servers that tests of clusters and sentinels run with. */
export const testEngines: readonly TestEngine[] = (['Redis', 'Valkey'] as const).map((name) => {
  const program = findOnPath([`${name.toLowerCase()}-server`]);
  return { name, program: program && programFault(program) === undefined ? program : undefined };
});
