import { html } from '@remix-run/html-template';
import type { Language } from './language.ts';
import { type Page, pageOf } from './layout.ts';
import { textsIn } from './texts.ts';

/** A permission that an application asks for. `service`: where it applies; undefined for what we give ourselves. */
export type AskedPermission = { readonly scope: string; readonly service: string | undefined };

/** Asks whether an application of others may do what it asks for. */
export function consentPage(options: {
  readonly language: Language;
  readonly action: string;
  readonly client: string;
  readonly logo: string | undefined;
  readonly username: string;
  readonly permissions: readonly AskedPermission[];
  /** Where the person returns to, as they would recognise it. */
  readonly place: string;
}): Page {
  const { language, client, permissions } = options;
  const texts = textsIn[language];
  const items = permissions.map(
    ({ scope, service }) =>
      html`<li>${texts.scopes[scope] ?? scope}${service === undefined ? '' : html` <span class="soft">(${texts.at(service)})</span>`}</li>
`,
  );
  return pageOf({
    language,
    title: texts.consentTo(client),
    formsTo: 'anywhere',
    logo: options.logo,
    body: html`<p>${texts.wants(client)}</p>
<ul>
${items}</ul>
<p class="soft">${texts.signedInAs(options.username)} ${texts.leadsTo(options.place)} ${texts.withdraw}</p>
<form method="post" action="${options.action}">
<div class="buttons">
<button class="main" name="action" value="allow">${texts.allow}</button>
<button name="action" value="deny">${texts.deny}</button>
</div>
</form>`,
  });
}
