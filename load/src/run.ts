import { byService } from '@latchkey/services';
import { Redis } from 'ioredis';
import type { Arguments } from './arguments.ts';
import type { Choice } from './choose.ts';
import { createProgress } from './progress.ts';
import { describeRun, describeStores } from './report/provenance.ts';
import type { Report, ReportedSection } from './report/report.ts';
import { type Context, type Section, secondsOf } from './section.ts';
import { createHttp } from './system/http.ts';
import { signInPeople } from './system/people.ts';
import { findSystem, namesSystem } from './system/system.ts';

/** A system that is not ours lets people register, 100 in an hour for each network. Later parts need some of these. */
const plan = { full: 200, quick: 40, registered: 60 };

/** Runs the chosen parts one after the other, because two at once would measure each other. */
export async function runSections(
  { chosen: sections, skipped }: Choice,
  run: { args: Arguments; argv: readonly string[]; signal: AbortSignal },
): Promise<Report> {
  const { args, argv, signal } = run;
  const length = args.quick ? 'quick' : 'full';
  const { toStart, total } = secondsOf(sections, length);
  const progress = createProgress(total);
  progress.begin('Getting ready', toStart);
  // Called before our own system keeps the machine busy, because it reads the machine's load.
  const { seed, quick } = args;
  const provenance = describeRun({ argv, seed, quick, isOwnSystem: !namesSystem(process.env) });
  progress.tell('starting the system');
  const system = await findSystem(process.env, signal);
  await using _system = { [Symbol.asyncDispose]: () => system.stop() };
  const http = byService((name) => createHttp(system.urls[name]));
  const redis = system.stack && new Redis(system.stack.redis.url);
  // Some parts restart Redis, so errors are expected.
  redis?.on('error', () => {});
  await using _clients = {
    [Symbol.asyncDispose]: async () => {
      redis?.disconnect();
      await Promise.all(Object.values(http).map((client) => client.close()));
    },
  };
  progress.tell('signing people in');
  const wanted = quick ? plan.quick : plan.full;
  const count = system.stack ? wanted : Math.min(wanted, plan.registered);
  const people = await signInPeople({ system, auth: http.auth }, count);
  const context: Context = {
    system,
    world: { http, people },
    ...(redis && { redis }),
    quick,
    seed,
    tell: progress.tell,
    signal,
  };

  const reported: ReportedSection[] = [];
  for (const section of sections) {
    signal.throwIfAborted();
    progress.begin(section.title, section.seconds[length]);
    reported.push(await runSection(section, context));
  }
  progress.end();
  const stores = redis && system.stack && (await describeStores(redis, system.stack.postgres));
  return {
    version: 1,
    provenance: { ...provenance, ...(stores !== undefined && { stores }) },
    sections: reported,
    skipped,
  };
}

async function runSection(section: Section, context: Context): Promise<ReportedSection> {
  const { name, title } = section;
  const beganAt = performance.now();
  const elapsed = () => Math.round((performance.now() - beganAt) / 1000);
  try {
    return { name, title, ...(await section.run(context)), seconds: elapsed() };
  } catch (error) {
    context.signal.throwIfAborted();
    // The measurements of the other parts are still worth having.
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const nothing = { figures: [], tables: [], plots: [], notes: [], invalid: [] };
    return { name, title, ...nothing, seconds: elapsed(), failure };
  }
}
