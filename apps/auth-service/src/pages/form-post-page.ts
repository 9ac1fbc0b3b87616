import { html } from '@remix-run/html-template';
import { hiddenFields } from './hidden-fields.ts';
import type { Language } from './language.ts';
import { type Page, pageOf } from './layout.ts';
import { textsIn } from './texts.ts';

/**
 * Sends the answer to the client as a form (OAuth 2.0 Form Post Response Mode). The script only presses the button.
 */
export function formPostPage(
  redirectUri: string,
  parameters: Readonly<Record<string, string>>,
  language: Language,
): Page {
  const texts = textsIn[language];
  return pageOf({
    language,
    title: texts.returning,
    formsTo: 'anywhere',
    script: 'document.forms[0].submit()',
    body: html`<form method="post" action="${redirectUri}">
${hiddenFields(parameters)}<div class="buttons"><button class="main">${texts.continue}</button></div>
</form>`,
  });
}
