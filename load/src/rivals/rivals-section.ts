import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { compareRoutes } from '../experiments/auth-cost/compare-routes.ts';
import type { Way } from '../experiments/auth-cost/settings.ts';
import type { Context, Section, SectionResult } from '../section.ts';
import { compareRefreshes } from './refreshes.ts';

const packages = [
  '@fastify/jwt',
  'get-jwks',
  'jose',
  'express',
  'express-oauth2-jwt-bearer',
  'oidc-provider',
  'fastify',
];

const others: readonly Way[] = ['fastify-jwt', 'jose', 'express', 'express-oauth2-jwt-bearer'];
const plans = {
  full: { rounds: 5, seconds: 2, warmUpSeconds: 1 },
  quick: { rounds: 2, seconds: 0.6, warmUpSeconds: 0.4 },
};

/** Compares others with ours: the same client, the same connections and, if they use tokens, the same tokens. */
export const rivalsSection: Section = {
  name: 'rivals',
  title: 'Others beside ours',
  seconds: { full: 180, quick: 30 },
  // The image of the load tests, which drives a running system, does not contain the others.
  needsOwnSystem: true,
  option: 'rivals',
  run,
};

async function run(context: Context): Promise<SectionResult> {
  const routes = await compareRoutes(context, {
    ways: ['none', 'local', ...others],
    told: others,
    plan: context.quick ? plans.quick : plans.full,
  });
  const refreshes = await compareRefreshes(context);
  return {
    figures: [...routes.figures, ...refreshes.figures],
    tables: [...routes.tables, ...refreshes.tables],
    plots: [...routes.plots, ...refreshes.plots],
    notes: [
      ...routes.notes,
      'Nobody follows revocations here, because only ours can: what that costs is in the part about what auth costs. Ours remembers tokens that it has verified, and looks at their expiry and key again each time; the others verify the signature for each request.',
      ...refreshes.notes,
      `Versions: ${packages.map(describePackage).join(', ')}.`,
    ],
    invalid: [],
  };
}

function describePackage(name: string): string {
  const file = findPackageJSON(name, import.meta.url);
  if (file === undefined) throw new Error(`${name} is not installed.`);
  return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`;
}
