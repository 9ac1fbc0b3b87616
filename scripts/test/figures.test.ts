import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readQuoted } from '../../load/src/report/quoted.ts';
import { withoutFigures } from '../figures.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
/** The text of a README before its first command, and its table. */
const claims = (text: string) =>
  [text.split('```')[0], /^## (?:Measured|측정)$([\s\S]*?)^## /m.exec(text)?.[1]].join('\n');
const measured = /\d[\d.,]*\s?(?:ms|µs|%|[KMG]B|bytes|times|바이트|배)|\d\.\d+|\d[\d.,]*\/s/g;

describe('a figure that was measured', () => {
  it.each([
    ['README.md', claims(read('README.md'))],
    ['README.ko.md', claims(read('README.ko.md'))],
    ['docs/performance.md', read('docs/performance.md')],
  ])('appears in %s only as a link to its row', (_, text) => {
    expect(text).toContain('#figure-');
    expect(withoutFigures(text).match(measured) ?? []).toEqual([]);
  });

  it('belongs to one commit, without other changes in the working tree', () => {
    const figures = Object.values(readQuoted()).flatMap((group) => Object.values(group));
    expect(figures.length).toBeGreaterThan(50);
    for (const { commit } of figures) expect(commit).toMatch(/^[0-9a-f]{7,12}$/);
  });
});
