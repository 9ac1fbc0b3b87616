// Formats the result of a test run as text. Also a program for .ci/run, on any Node.js ≥ 18:
//
//   node scripts/test-result.mjs result.json [another.json …]
//
// prints each result and then the totals. It fails if a test failed, if none passed, or if a result is missing.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';

/** @typedef {{ passed: number, failed: string[], skipped: string[] }} TestResult */

/**
 * @param {TestResult} result
 * @returns {string}
 */
export function formatResult({ passed, failed, skipped }) {
  return [
    ...failed.map((name) => `FAILED   ${name}`),
    ...skipped.map((name) => `SKIPPED  ${name}`),
    `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
  ].join('\n');
}

/** @param {string[]} files */
function report(files) {
  const results = files.map(read);
  if (results.some(({ passed, failed }) => passed === 0 && failed.length === 0)) console.log('No test ran.');
  const total = {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failed: results.flatMap(({ failed }) => failed),
    skipped: results.flatMap(({ skipped }) => skipped),
  };
  console.log(formatResult(total));
  return results.every(({ passed, failed }) => failed.length === 0 && passed > 0) ? 0 : 1;
}

/**
 * A run without a result counts as failed, so that the others are still reported.
 *
 * @param {string} file
 * @returns {TestResult}
 */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    const name = basename(file, '.json');
    return { passed: 0, failed: [`${name}: gave no result, it did not run to its end`], skipped: [] };
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = report(process.argv.slice(2));
