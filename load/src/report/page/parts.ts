import type { Plot, Table } from '../../section.ts';
import { showNumber } from '../numbers.ts';
import { type Html, html } from './html.ts';

/** A table that scrolls by itself on a narrow screen. */
export function renderTable({ title, columns, rows }: Table): Html {
  if (rows.length === 0) return html``;
  const isNumber = columns.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  const cell = (value: string | number, column: number) => {
    const text = typeof value === 'number' ? showNumber(value) : value;
    const mark = text === 'MISSED' || text === 'INVALID' || text === 'worse' ? ' bad' : '';
    return html`<td class="${isNumber[column] === true ? 'number' : ''}${mark}">${text}</td>`;
  };
  return html`<div class="table" tabindex="0" role="region" aria-label="${title}"><table>
<caption>${title}</caption>
<thead><tr>${columns.map((name, column) => html`<th scope="col" class="${isNumber[column] === true ? 'number' : ''}">${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>\n`)}</tbody>
</table></div>`;
}

export function renderList(lines: readonly string[]): Html {
  return lines.length === 0 ? html`` : html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}

/** The place of a plot, which plots.js fills. */
export function renderPlot({ id, title, x, y }: Plot & { readonly id: string }): Html {
  return html`<figure id="${id}"><figcaption>${title}<span>${y.title} by ${x.title}</span></figcaption><div></div></figure>`;
}
