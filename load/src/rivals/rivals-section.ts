import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import type { Context, Section, SectionResult } from '../section.ts';
import { compareProtectedRoutes } from './protected-routes.ts';
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

/** What others do with the same client, the same connections and, where it is one, the same token. */
export const rivalsSection: Section = {
  name: 'rivals',
  title: 'Others beside ours',
  seconds: { full: 180, quick: 30 },
  // They are installed beside it.
  needsOwnSystem: true,
  option: 'rivals',
  run,
};

async function run(context: Context): Promise<SectionResult> {
  const routes = await compareProtectedRoutes(context);
  const refreshes = await compareRefreshes(context);
  return {
    figures: [...routes.figures, ...refreshes.figures],
    tables: [...routes.tables, ...refreshes.tables],
    plots: [...routes.plots, ...refreshes.plots],
    notes: [...routes.notes, ...refreshes.notes, `Versions: ${packages.map(describePackage).join(', ')}.`],
    invalid: [],
  };
}

function describePackage(name: string): string {
  const file = findPackageJSON(name, import.meta.url);
  if (file === undefined) throw new Error(`${name} is not installed.`);
  return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`;
}
