import { describe, expect, it } from 'vitest';
import { compareReports } from '../../src/report/compare.ts';
import { renderPage } from '../../src/report/page/page.ts';
import { sampleReport } from './sample.ts';

const report = sampleReport([{ name: 'browse p99', unit: 'ms', values: [12, 14, 13] }]);
const page = renderPage(report);

describe('the page', () => {
  it('has its chapters in the order in which they are read', () => {
    const titles = [...page.matchAll(/<h2>([^<]+)<\/h2>/g)].map(([, title]) => title);
    expect(titles).toEqual([
      'Verdict and sizing',
      'What ran, and where',
      'Did the generator keep up',
      'What people do',
      'What the services used',
      'What was not measured',
    ]);
  });

  it('links every chapter, and has each once', () => {
    const ids = [...page.matchAll(/<section id="([^"]+)"/g)].map(([, id]) => id);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('loads nothing: it contains no addresses, and its policy forbids loading', () => {
    expect(page).toContain(`content="default-src 'none';`);
    expect(page).not.toMatch(/<(link|img|iframe)\b/i);
    expect(page).not.toMatch(/<script[^>]+src=/i);
    expect(page).not.toMatch(/@import|url\(/i);
  });

  it('escapes everything that was measured', () => {
    expect(page).toContain('Over &lt;time&gt;');
    expect(page).toContain('looks into the cart &amp; at the wishes');
    expect(page).not.toContain('</script><b>');
  });

  it('has a place for each plot, with the titles of its axes', () => {
    const plots = JSON.parse(
      /<script type="application\/json" id="plots">(.*?)<\/script>/s.exec(page)?.[1] ?? '',
    );
    expect(plots).toHaveLength(1);
    for (const plot of plots) {
      expect(page).toContain(`<figure id="${plot.id}">`);
      expect(page).toContain(`${plot.y.title} by ${plot.x.title}`);
    }
  });

  it('shows numbers with their significant digits, and a dash for a missing one', () => {
    expect(page).toContain('<td class="number">1,235</td>');
    expect(page).toContain('<td class="number">–</td>');
  });

  it('says what was not measured', () => {
    expect(page).toContain('Others beside ours: only with --rivals.');
    expect(page).toContain('Thresholds without a figure, or with too few rounds of it: ');
  });

  it('says that other work was running, when it was', () => {
    const busy = { ...report, provenance: { ...report.provenance, loadBefore: 3 } };
    expect(page).not.toContain('Other work was running');
    expect(renderPage(busy)).toContain('Other work was running');
  });

  it('shows the difference to a saved run when there is one', () => {
    expect(renderPage(report, compareReports(report, report))).toContain('within noise');
  });

  it('shows why a part failed', () => {
    expect(renderPage(sampleReport([], { failure: 'Error: <no Redis>' }))).toContain(
      'Error: &lt;no Redis&gt;',
    );
  });
});
