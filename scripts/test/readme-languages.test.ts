import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const [english, korean] = ['README.md', 'README.ko.md'].map((name) =>
  readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'),
) as [string, string];

/** The code blocks without their comments. Comments and the texts of pictures are for people, and differ. */
function code(text: string): string[] {
  return [...text.matchAll(/```(?:sh|ts)\n([\s\S]*?)```/g)].map(([, block = '']) =>
    block.replaceAll(/ +#.*$/gm, ''),
  );
}

function links(text: string): string[] {
  const others = /^README(?:\.ko)?\.md$/;
  const found = [...text.matchAll(/\]\(([^)]+)\)|<(https?:[^>]+)>/g)];
  return [...new Set(found.map(([, target, url]) => target ?? url ?? ''))]
    .filter((link) => !others.test(link))
    .sort();
}

/** The numbers of the table, row by row, without units and words. */
function figures(text: string): string[][] {
  const [, after = ''] = text.split(/^## (?:Measured|측정)$/m);
  const rows = (after.split(/^## /m)[0] ?? '').split('\n').filter((row) => row.startsWith('| '));
  return rows.slice(2).map((row) => (row.match(/\d[\d,.]*\d|\d/g) ?? []).sort());
}

function words(text: string): string[] {
  return [...new Set(text.match(/`[^`\n]+`/g))].sort();
}

describe('README.ko.md', () => {
  it('has the same commands and the same code', () => {
    expect(code(korean)).toEqual(code(english));
  });

  it('has the same links', () => {
    expect(links(korean)).toEqual(links(english));
  });

  it('quotes the same figures', () => {
    expect(figures(english).length).toBeGreaterThan(5);
    expect(figures(korean)).toEqual(figures(english));
  });

  it('names the same settings, scopes and commands', () => {
    expect(words(korean)).toEqual(words(english));
  });

  it('is linked, and links back', () => {
    expect(english).toContain('(README.ko.md)');
    expect(korean).toContain('(README.md)');
  });
});
