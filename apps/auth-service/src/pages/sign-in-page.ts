import { html } from '@remix-run/html-template';
import type { Language } from './language.ts';
import { type Page, pageOf } from './layout.ts';
import { type Texts, textsIn } from './texts.ts';

/** A way to sign in elsewhere. `look`: the provider whose colours it has. */
export type ProviderLink = { readonly href: string; readonly label: string; readonly look: string };

/** Asks for user name and password. `fault`: what was wrong with the last attempt. */
export function signInPage(options: {
  readonly language: Language;
  readonly action: string;
  readonly client: string;
  readonly logo: string | undefined;
  /** Whether it is one of our own clients, which asks for no consent. */
  readonly isOurs: boolean;
  readonly username: string;
  readonly fault?: keyof Texts['faults'];
  readonly providers: readonly ProviderLink[];
}): Page {
  const { language, action, username, fault } = options;
  const texts = textsIn[language];
  return pageOf({
    language,
    title: texts.signInTo(options.client),
    formsTo: 'anywhere',
    logo: options.logo,
    body: html`${fault === undefined ? '' : html`<p class="fault" role="alert" id="fault">${texts.faults[fault]}</p>`}
${options.isOurs ? html`<p class="soft">${texts.ours(options.client)}</p>` : ''}
<form method="post" action="${action}">
<label for="username">${texts.username}</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="256"${username === '' ? html` autofocus` : ''}>
<label for="password">${texts.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024"${username === '' ? '' : html` autofocus`}${fault === undefined ? '' : html` aria-describedby="fault"`}>
<div class="buttons">
<button class="main" name="action" value="sign_in">${texts.signIn}</button>
<button name="action" value="deny">${texts.cancel}</button>
</div>
</form>
${
  options.providers.length === 0
    ? ''
    : html`<nav class="providers" aria-label="${texts.elsewhere}">
${options.providers.map(
  ({ href, label, look }) => html`<a class="${look}" href="${href}">${label}</a>
`,
)}</nav>`
}`,
  });
}
