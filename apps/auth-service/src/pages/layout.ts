import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { html, type SafeHtml } from '@remix-run/html-template';
import type { Language } from './language.ts';

/**
 * Where the forms of a page may lead: sources of the directive form-action. `anywhere` if they lead back to a client:
 * browsers hold every redirect after a form against that directive, and only the client knows where it redirects to.
 */
export type FormsTo = readonly string[] | 'anywhere';

/** A page, and what its content security policy has to allow. */
export type Page = {
  readonly html: SafeHtml;
  readonly language: Language;
  readonly styleHash: string;
  readonly scriptHash?: string;
  readonly formsTo: FormsTo;
  /** The only image beside the icon; its URL is a source of the directive img-src. */
  readonly logo?: string | undefined;
};

const style = readFileSync(new URL('./style.css', import.meta.url), 'utf8');
const styleHash = hashOf(style);

/**
 * The frame of every page. Escapes whatever it is given. Repeats Referrer-Policy, because proxies often add no-referrer
 * to the header. The empty icon keeps browsers from asking for /favicon.ico.
 */
export function pageOf(options: {
  readonly language: Language;
  readonly title: string;
  readonly body: SafeHtml;
  /** Default: nowhere. */
  readonly formsTo?: FormsTo;
  /** The URL of an image that stands before the title. */
  readonly logo?: string | undefined;
  /** Runs after the body. The page must work without it. */
  readonly script?: string;
}): Page {
  const { language, title, body, script, logo } = options;
  return {
    language,
    styleHash,
    ...(script === undefined ? {} : { scriptHash: hashOf(script) }),
    formsTo: options.formsTo ?? ["'none'"],
    logo,
    html: html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="same-origin">
<link rel="icon" href="data:,">
<title>${title} – Latchkey</title>
<style>${html.raw`${style}`}</style>
</head>
<body>
<main>
<p class="brand">Latchkey</p>
${logo === undefined ? '' : html`<img class="logo" src="${logo}" alt="" width="48" height="48" referrerpolicy="no-referrer">`}
<h1>${title}</h1>
${body}
</main>
${script === undefined ? '' : html.raw`<script>${script}</script>`}
</body>
</html>
`,
  };
}

/** A source of a content security policy (CSP Level 3 §2.3.1). */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
