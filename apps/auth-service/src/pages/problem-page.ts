import { html } from '@remix-run/html-template';
import type { Language } from './language.ts';
import { type Page, pageOf } from './layout.ts';
import { type Texts, textsIn } from './texts.ts';

/**
 * Tells a person what went wrong where there is no client that may be told. `description`: for its
 * developer. `back`: the page with the other ways to sign in.
 */
export function problemPage(
  language: Language,
  problem: keyof Texts['problems'],
  more: { readonly description?: string; readonly back?: string | undefined } = {},
): Page {
  const { description, back } = more;
  const texts = textsIn[language];
  return pageOf({
    language,
    title: texts.problem,
    body: html`<p>${texts.problems[problem]}</p>
${description === undefined ? '' : html`<p class="soft" lang="en">${texts.detail(description)}</p>`}${back === undefined ? '' : html`<p><a href="${back}">${texts.otherWays}</a></p>`}`,
  });
}
