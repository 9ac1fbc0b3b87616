import { html } from '@remix-run/html-template';
import type { Language } from './language.ts';
import { type Page, pageOf } from './layout.ts';
import { type Texts, textsIn } from './texts.ts';

/** Tells a person what went wrong where there is no client that may be told. `description`: for its developer. */
export function problemPage(
  language: Language,
  problem: keyof Texts['problems'],
  description?: string,
): Page {
  const texts = textsIn[language];
  return pageOf({
    language,
    title: texts.problem,
    body: html`<p>${texts.problems[problem]}</p>
${description === undefined ? '' : html`<p class="soft" lang="en">${texts.detail(description)}</p>`}`,
  });
}
