import type { Context, Plot, Section, SectionResult, Table } from '../../section.ts';
import { type Session, startSessions } from '../../system/people.ts';
import type { Availability } from './availability.ts';
import { faults } from './faults.ts';
import { boundMs, type FaultRun, playFault } from './under-fault.ts';

const plans = {
  full: {
    perSecond: 300,
    secondsBefore: 5,
    secondsAway: 2,
    secondsAfterOutage: 10,
    secondsAfter: 10,
    signOutsPerSecond: 5,
    stormSignOuts: 5000,
    signOutsEach: 120,
  },
  quick: {
    perSecond: 150,
    secondsBefore: 0.6,
    secondsAway: 0.6,
    secondsAfterOutage: 2.3,
    secondsAfter: 1,
    signOutsPerSecond: 4,
    stormSignOuts: 40,
    signOutsEach: 8,
  },
};
/** How many sessions start between two reports of progress. */
const sessionsAtOnce = 250;

/** Parts of the system go away while people shop. No service may accept the token of a person who has signed out. */
export const faultSection: Section = {
  name: 'faults',
  title: 'Under fault',
  seconds: { full: 420, quick: 20 },
  needsOwnSystem: true,
  run,
};

async function run(context: Context): Promise<SectionResult> {
  const { system, world, quick, signal } = context;
  const { stack } = system;
  if (stack === undefined) throw new Error('Faults are made only in a system of our own.');
  const plan = quick ? plans.quick : plans.full;
  const sessions = await manySessions(plan.stormSignOuts + faults.length * plan.signOutsEach, context);
  const stormy = sessions.splice(0, plan.stormSignOuts);

  const runs: FaultRun[] = [];
  for (const fault of faults) {
    signal.throwIfAborted();
    const doomed = sessions.splice(0, plan.signOutsEach);
    const crowd = fault.needsCrowd === true ? stormy : [];
    runs.push(await playFault(fault, { stack, auth: world.http.auth, crowd, doomed, plan }, context));
  }
  return resultOf(runs, plan);
}

async function manySessions(count: number, { world, tell, signal }: Context): Promise<Session[]> {
  const sessions: Session[] = [];
  while (sessions.length < count) {
    signal.throwIfAborted();
    tell(`signing in, ${sessions.length} of ${count} times`);
    const missing = Math.min(sessionsAtOnce, count - sessions.length);
    sessions.push(...(await startSessions(world.http.auth, world.people, missing)));
  }
  return sessions;
}

function resultOf(runs: readonly FaultRun[], plan: (typeof plans)['full']): SectionResult {
  const total = (of: (run: FaultRun) => number) => [runs.reduce((sum, run) => sum + of(run), 0)];
  return {
    figures: [
      {
        name: 'wrongly accepted under fault',
        unit: '',
        values: total((run) => run.oracle.counts.wronglyAccepted),
      },
      {
        name: 'wrongly refused under fault',
        unit: '',
        values: total((run) => run.oracle.counts.wronglyRefused),
      },
      { name: 'sessions lost under fault', unit: '', values: total((run) => run.traffic.sessionsLost) },
      ...runs.flatMap(({ fault, traffic, oracle, restoredAtMs }) => [
        { name: `${fault.name}: shop requests served`, unit: '' as const, values: [traffic.shop.share()] },
        { name: `${fault.name}: refreshes served`, unit: '' as const, values: [traffic.refreshes.share()] },
        {
          name: `${fault.name}: answers that had to be refusals`,
          unit: '' as const,
          values: [oracle.counts.mustBeRefused],
        },
        {
          name: `${fault.name}: sign-outs not answered`,
          unit: '' as const,
          values: [traffic.signOutsUnanswered],
        },
        {
          name: `${fault.name}: recovered within`,
          unit: 'ms' as const,
          values: [
            Math.max(
              traffic.shop.recoveredWithinMs(restoredAtMs),
              traffic.refreshes.recoveredWithinMs(restoredAtMs),
            ),
          ],
        },
      ]),
    ],
    tables: [faultTable(runs), ...wrongTables(runs)],
    plots: [
      availabilityPlot('Requests served at the shop’s services, second by second', runs, ({ shop }) => shop),
      availabilityPlot('Refreshes served, second by second', runs, ({ refreshes }) => refreshes),
    ],
    notes: notesOf(runs, plan),
    health: runs.map(({ fault, load }) => ({ during: fault.name, health: load.health })),
    invalid: runs.flatMap(({ fault, load }) => load.health.faults.map((text) => `${fault.name}: ${text}`)),
  };
}

function faultTable(runs: readonly FaultRun[]): Table {
  return {
    title: 'What the oracle saw, and what was served',
    columns: [
      'fault',
      'it took, s',
      'requests',
      'must be refused',
      'wrongly accepted',
      'wrongly refused',
      'sessions lost',
      'shop served, %',
      'refreshes served, %',
      'shop back after, ms',
      'refreshes back after, ms',
    ],
    rows: runs.map(({ fault, traffic, oracle, load, tookMs, restoredAtMs }) => [
      fault.name,
      Number((tookMs / 1000).toFixed(1)),
      load.offered,
      oracle.counts.mustBeRefused,
      oracle.counts.wronglyAccepted,
      oracle.counts.wronglyRefused,
      traffic.sessionsLost,
      percent(traffic.shop),
      percent(traffic.refreshes),
      Math.round(traffic.shop.recoveredWithinMs(restoredAtMs)),
      Math.round(traffic.refreshes.recoveredWithinMs(restoredAtMs)),
    ]),
  };
}

/** Lists each wrong acceptance, to show what they have in common. Returns no table when there are none. */
function wrongTables(runs: readonly FaultRun[]): Table[] {
  const since = (from: number | undefined, toMs: number) =>
    from === undefined ? '' : Math.round(toMs - from);
  const rows = runs.flatMap(({ fault, oracle, restoredAtMs }) =>
    oracle.wrong.map(({ service, sentAtMs, revokedAtMs, refusedAtMs }) => [
      fault.name,
      service,
      since(revokedAtMs, sentAtMs),
      since(refusedAtMs, sentAtMs),
      since(restoredAtMs, sentAtMs),
    ]),
  );
  if (rows.length === 0) return [];
  return [
    {
      title: 'Wrongly accepted: the first of each fault, and when they were sent',
      columns: [
        'fault',
        'service',
        'after the sign-out, ms',
        'after its first refusal here, ms',
        'after everything was back, ms',
      ],
      rows,
    },
  ];
}

function availabilityPlot(
  title: string,
  runs: readonly FaultRun[],
  of: (traffic: FaultRun['traffic']) => Availability,
): Plot {
  return {
    title,
    x: { title: 's since the beginning of each run' },
    y: { title: 'served, %' },
    series: runs.map(({ fault, traffic }) => ({
      name: fault.name,
      points: of(traffic)
        .seconds()
        .map(({ second, sent, served }) => [second, (100 * served) / sent] as const),
    })),
  };
}

function notesOf(runs: readonly FaultRun[], plan: (typeof plans)['full']): string[] {
  return [
    ...runs.map(({ fault }) => `${fault.name}: ${fault.story}.`),
    `Away means for ${plan.secondsAway} s.`,
    `Each fault comes ${plan.secondsBefore} s after its run began; ${plan.perSecond} requests/s all the while, and ${plan.signOutsPerSecond} sign-outs/s; the storm is of ${plan.stormSignOuts} more.`,
    'In the end every token of those who have signed out is tried at every service; and all the while refresh tokens of theirs at auth-service.',
    `"Must be refused" counts the answers about revoked tokens that the service had refused before, or that were sent more than ${boundMs / 1000} s after the sign-out was answered (of one within an outage: after its end).`,
    'Served means answered by a verdict, right or wrong: 503 and broken connections are not. "Back after" counts from when what was away was there again.',
    'A service that starts again is asked every few milliseconds, from before it listens, with a token that it had refused: also its first answers must be right, and not only those after it says that it is ready.',
    'Nobody stands in front of a killed service here: its requests fail until it is back. Where there are replicas they go there.',
  ];
}

function percent(availability: Availability): number {
  return Number((availability.share() * 100).toFixed(2));
}
