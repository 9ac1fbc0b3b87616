import { createHash } from 'node:crypto';
import { html, type SafeHtml } from '@remix-run/html-template';
import type { Person } from './people.ts';
import type { Texts } from './texts.ts';

/** A page, and the headers to send with it. */
export type Page = { readonly html: string; readonly headers: Readonly<Record<string, string>> };

const style = `
:root { color-scheme: light; font: 1.0625rem/1.5 Georgia, "Nanum Myeongjo", "Noto Serif CJK KR", serif; }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; padding: 10vh 1rem 2rem; background: #1d2a5b; color: #14183a; }
main { max-width: 25rem; margin: 0 auto; padding: 1.75rem 2rem 2rem; background: #fff;
  border-top: 0.5rem solid #f2b705; }
.brand { margin: 0; font-weight: 700; letter-spacing: 0.06em; color: #1d2a5b; }
h1 { margin: 0.25rem 0 1rem; font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
label { display: block; margin-top: 1rem; font-weight: 700; }
input { display: block; width: 100%; padding: 0.5rem; border: 2px solid #1d2a5b; border-radius: 0; font: inherit; }
button { margin: 1.25rem 0.75rem 0 0; padding: 0.5rem 1.5rem; border: 2px solid #1d2a5b; background: #1d2a5b;
  color: #fff; font: inherit; font-weight: 700; cursor: pointer; }
button.second { background: #fff; color: #1d2a5b; }
:focus-visible { outline: 3px solid #b25d00; outline-offset: 2px; }
.wrong { padding: 0.5rem 0.75rem; background: #fde8e8; border-left: 0.25rem solid #a1121f; }
h2 { font-size: 1rem; }
.people { margin-top: 1.75rem; padding-top: 1rem; border-top: 1px solid #b9bfd9; font-size: 0.9375rem; }
dt { font-weight: 700; }
dd { margin: 0 0 0.5rem; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
a { color: #1d2a5b; }
`;
const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;

export type SignIn = {
  /** The name of who asks. */
  readonly client: string;
  readonly username: string;
  readonly people: readonly Person[];
  readonly wrong?: boolean;
};

/** Asks who somebody is. Its form posts `action` (sign_in or cancel), `username` and `password` to its own address. */
export function signInPage(texts: Texts, { client, username, people, wrong }: SignIn): Page {
  const body = html`<p>${texts.shares(client)}</p>
${wrong ? html`<p class="wrong" role="alert">${texts.wrong}</p>` : ''}
<form method="post" action="">
<label for="username">${texts.username}</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" spellcheck="false" required>
<label for="password">${texts.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button name="action" value="sign_in">${texts.signIn}</button>
<button class="second" name="action" value="cancel" formnovalidate>${texts.cancel}</button>
</form>
${peopleOf(texts, people)}`;
  return pageOf(texts, { heading: texts.signInFor(client), body, leadsAway: true });
}

/** Asks whether to sign out. `redirectUri`: where the browser goes then, when a client has asked. */
export function signOutPage(
  texts: Texts,
  form: { readonly action: string; readonly xsrf: string; readonly redirectUri?: string | undefined },
): Page {
  const body = html`<p>${texts.signOutAbout}</p>
<form method="post" action="${form.action}">
<input type="hidden" name="xsrf" value="${form.xsrf}">
<button name="logout" value="yes">${texts.signOut}</button>
<button class="second">${texts.stay}</button>
</form>`;
  return pageOf(texts, { heading: texts.signOutQuestion, body, leadsAway: form.redirectUri !== undefined });
}

export function signedOutPage(texts: Texts): Page {
  return pageOf(texts, { heading: texts.signedOut, body: html`<p>${texts.signedOutAbout}</p>` });
}

export function homePage(texts: Texts, people: readonly Person[], signOutUrl: string): Page {
  const body = html`<p>${texts.about}</p>
<p><a href="${signOutUrl}">${texts.signOut}</a></p>
${peopleOf(texts, people)}`;
  return pageOf(texts, { heading: texts.home, body });
}

/** `detail`: what the provider says of it, for developers. */
export function problemPage(texts: Texts, what: 'tooOld' | 'broken', detail = ''): Page {
  const body = html`<p>${texts[what]}</p>
${detail === '' ? '' : html`<p><code>${detail}</code></p>`}`;
  return pageOf(texts, { heading: texts.problem, body });
}

function peopleOf(texts: Texts, people: readonly Person[]): SafeHtml {
  return html`<section class="people">
<h2>${texts.people}</h2>
<dl>
${people.map(({ username, password }) => html`<dt>${username}</dt><dd>${password}</dd>`)}
</dl>
</section>`;
}

/**
 * The template escapes what it is given. Only the style is not escaped. Repeats Referrer-Policy, because proxies often
 * add no-referrer to the header. The empty icon keeps browsers from asking for /favicon.ico.
 */
function pageOf(
  texts: Texts,
  page: { readonly heading: string; readonly body: SafeHtml; readonly leadsAway?: boolean },
): Page {
  const { heading, body, leadsAway = false } = page;
  const text = html`<!doctype html>
<html lang="${texts.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="same-origin">
<link rel="icon" href="data:,">
<title>${heading} – Example ID</title>
<style>${html.raw`${style}`}</style>
</head>
<body>
<main>
<p class="brand">Example ID</p>
<h1>${heading}</h1>
${body}
</main>
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `style-src ${styleHash}`,
    'img-src data:',
    // Browsers also hold a form's redirects against this, and only the client knows where it redirects to.
    ...(leadsAway ? [] : ["form-action 'self'"]),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
  return {
    html: String(text),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'cache-control': 'no-store',
      // Not no-referrer: browsers would send `Origin: null` with our form.
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      vary: 'accept-language',
    },
  };
}
