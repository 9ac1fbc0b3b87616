import type { Arguments } from './arguments.ts';
import type { Section } from './section.ts';

export type Choice = {
  readonly chosen: readonly Section[];
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
};

/** Chooses the parts to run, and says why the others do not run. A part that `--only` names needs no option. */
export function chooseSections(
  sections: readonly Section[],
  { args, isOwnSystem }: { args: Arguments; isOwnSystem: boolean },
): Choice {
  const reasonAgainst = ({ name, option, needsOwnSystem, seconds }: Section): string | undefined => {
    if (needsOwnSystem === true && !isOwnSystem) return 'needs a system of the run’s own';
    if (args.only.length > 0) return args.only.includes(name) ? undefined : 'left out by --only';
    if (args.quick && seconds.quick === 0) return 'takes too long for --quick';
    return option === undefined || args[option] ? undefined : `only with --${option}`;
  };
  const judged = sections.map((section) => ({ section, reason: reasonAgainst(section) }));
  return {
    chosen: judged.filter(({ reason }) => reason === undefined).map(({ section }) => section),
    skipped: judged.flatMap(({ section: { title }, reason }) =>
      reason === undefined ? [] : [{ title, reason }],
    ),
  };
}
