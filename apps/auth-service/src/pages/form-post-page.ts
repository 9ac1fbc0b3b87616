import { html } from '@remix-run/html-template';
import { formTargetOf } from './form-target.ts';
import type { Language } from './language.ts';
import { type Page, pageOf } from './layout.ts';
import { textsIn } from './texts.ts';

/**
 * Sends the answer to the client as a form (OAuth 2.0 Form Post Response Mode). The script only presses the button.
 */
export function formPostPage(
  redirectUri: string,
  parameters: Readonly<Record<string, string>>,
  language: Language = 'en',
): Page {
  const texts = textsIn[language];
  const fields = Object.entries(parameters).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">
`,
  );
  return pageOf({
    language,
    title: texts.returning,
    formsTo: [formTargetOf(redirectUri)],
    script: 'document.forms[0].submit()',
    body: html`<form method="post" action="${redirectUri}">
${fields}<div class="buttons"><button class="main">${texts.continue}</button></div>
</form>`,
  });
}
