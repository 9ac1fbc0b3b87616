import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Comparison } from '../compare.ts';
import type { Report } from '../report.ts';
import { verdictOf } from '../report.ts';
import { chaptersOf } from './chapters.ts';
import { type Html, html, trusted } from './html.ts';

/**
 * The report as one HTML file that needs nothing else. It contains its style, script, plots and figures, and its policy
 * forbids it to load anything.
 */
export function renderPage(report: Report, comparison?: Comparison): string {
  const chapters = chaptersOf(report, comparison);
  const plots = chapters.flatMap((chapter) => chapter.plots);
  const verdict = verdictOf(report);
  const { startedAt, quick } = report.provenance;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Latchkey under load: ${verdict}</title>
<style>${asset(import.meta.resolve('uplot/dist/uPlot.min.css'))}${asset(import.meta.resolve('./page.css'))}</style>
</head>
<body>
<header>
<h1>Latchkey under load</h1>
<p><strong class="verdict ${verdict.toLowerCase()}">${verdict}</strong> ${when(startedAt)}${quick ? ', a quick run: the shape, not the figures to quote' : ''}</p>
<nav><ol>${chapters.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ol></nav>
</header>
<main>
${chapters.map(({ id, title, body }) => html`<section id="${id}"><h2>${title}</h2>${body}</section>\n`)}
</main>
<noscript><p>The plots need JavaScript; every figure is in the tables, too.</p></noscript>
<script type="application/json" id="plots">${json(plots)}</script>
<script>${asset(import.meta.resolve('uplot/dist/uPlot.iife.min.js'))}</script>
<script>${asset(import.meta.resolve('./plots.js'))}</script>
</body>
</html>
`;
  return page.html;
}

function when(startedAt: string): string {
  return `${startedAt.slice(0, 16).replace('T', ' ')} UTC`;
}

/** The content of a file of a package, or of this folder. */
function asset(url: string): Html {
  return trusted(readFileSync(fileURLToPath(url), 'utf8'));
}

/** JSON that cannot end the script element that it stands in. */
function json(value: unknown): Html {
  return trusted(JSON.stringify(value).replaceAll('<', '\\u003c'));
}
