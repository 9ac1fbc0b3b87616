import { html } from '@remix-run/html-template';
import type { Language } from './language.ts';
import { type Page, pageOf } from './layout.ts';
import { textsIn } from './texts.ts';

/** Asks whether to go on with the account that is signed in, or with another (prompt=select_account). */
export function accountPage(options: {
  readonly language: Language;
  readonly action: string;
  readonly username: string;
}): Page {
  const texts = textsIn[options.language];
  return pageOf({
    language: options.language,
    title: texts.chooseAccount,
    formsTo: 'anywhere',
    body: html`<form method="post" action="${options.action}">
<div class="buttons">
<button class="main" name="action" value="continue">${texts.continueAs(options.username)}</button>
<button name="action" value="another">${texts.another}</button>
</div>
</form>`,
  });
}
