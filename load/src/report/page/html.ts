/** Text that can be put into HTML unchanged. */
export type Html = { readonly html: string };

type Part = Html | string | number | readonly Part[];

/**
 * Joins text to HTML. Escapes every inserted value that is not HTML already.
 *
 * @example html`<p>${'a < b'}</p>`.html // '<p>a &lt; b</p>'
 */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: texts.map((text, index) => text + show(parts[index] ?? '')).join('') };
}

/** HTML that the caller vouches for, such as a style sheet or a script of ours. Escapes nothing. */
export function trusted(text: string): Html {
  return { html: text };
}

function show(part: Part): string {
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  if (isList(part)) return part.map(show).join('');
  return part.html;
}

function isList(part: Part): part is readonly Part[] {
  return Array.isArray(part);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
