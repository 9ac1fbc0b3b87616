import { html } from '@remix-run/html-template';
import { hiddenFields } from './hidden-fields.ts';
import type { Language } from './language.ts';
import { type FormsTo, type Page, pageOf } from './layout.ts';
import { textsIn } from './texts.ts';

/** Asks whether to sign out. `parameters`: those of the request, which the form sends again. */
export function signOutPage(options: {
  readonly language: Language;
  readonly action: string;
  readonly username: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly formsTo: FormsTo;
}): Page {
  const texts = textsIn[options.language];
  return pageOf({
    language: options.language,
    title: texts.signOut,
    formsTo: options.formsTo,
    body: html`<p>${texts.signOutQuestion(options.username)}</p>
<form method="post" action="${options.action}">
${hiddenFields(options.parameters)}<div class="buttons">
<button class="main" name="answer" value="yes">${texts.signOut}</button>
<button name="answer" value="no">${texts.stay}</button>
</div>
</form>`,
  });
}

/** Says that nobody is signed in in this browser, where there is no application to return to. */
export function signedOutPage(language: Language): Page {
  const texts = textsIn[language];
  return pageOf({ language, title: texts.signedOut, body: html`<p>${texts.signedOutHere}</p>` });
}

/** Says to whoever chose to stay that they are signed in, where there is no application to return to. */
export function stillSignedInPage(language: Language, username: string): Page {
  const texts = textsIn[language];
  return pageOf({
    language,
    title: texts.stillSignedIn,
    body: html`<p>${texts.stillSignedInHere(username)}</p>`,
  });
}
