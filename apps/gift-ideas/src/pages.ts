import { createHash } from 'node:crypto';
import { html, type SafeHtml } from '@remix-run/html-template';
import type { FastifyReply } from 'fastify';
import type { Answer } from './shop.ts';
import type { Texts } from './texts.ts';

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 34rem; margin: 12vh auto; padding: 0 1.25rem; }
h1 { line-height: 1.2; overflow-wrap: anywhere; }
li { margin-block: 0.5rem; overflow-wrap: anywhere; }
.notice { padding: 0.75rem 1rem; border-inline-start: 0.25rem solid #c2410c; }
.soft { opacity: 0.8; }
.button, button { display: inline-block; padding: 0.625rem 1.25rem; border: 0; border-radius: 0.5rem;
  background: #5b21b6; color: #fff; font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; }
`;

const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  'img-src data:',
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** A page before somebody has signed in. `ended`: why they are no longer signed in, when they were. */
export function welcomePage(texts: Texts, ended?: string): SafeHtml {
  return pageOf(
    texts,
    texts.title,
    html`${ended === undefined ? '' : html`<p class="notice" role="status">${texts.ended(texts.reasons[ended] ?? ended)}</p>`}
<p>${texts.about}</p>
<p><a class="button" href="/sign-in">${texts.signIn}</a></p>`,
  );
}

/** An idea for each item of the wishlist, and what became of our request to the cart. */
export function ideasPage(texts: Texts, shown: { name: string; wishlist: Answer; cart: Answer }): SafeHtml {
  const { name, wishlist, cart } = shown;
  const ideas = wishlist.items?.map(({ sku, note }, index) => {
    const idea = texts.ideas[index % texts.ideas.length] ?? String;
    return html`<li>${idea(sku.replaceAll(/[-_]/g, ' '))}${note ? html` <span class="soft">(${note})</span>` : ''}</li>
`;
  });
  const instead = ideas === undefined ? texts.noWishlist(wishlist.verdict) : texts.noWishes;
  return pageOf(
    texts,
    texts.hello(name),
    html`${
      ideas?.length
        ? html`<ul>
${ideas}</ul>`
        : html`<p>${instead}</p>`
    }
<p class="soft">${texts.cart(cart.verdict)}</p>
<form method="post" action="/sign-out"><button>${texts.signOut}</button></form>`,
  );
}

export function problemPage(texts: Texts, problem: keyof Texts['problems']): SafeHtml {
  return pageOf(
    texts,
    texts.problem,
    html`<p>${texts.problems[problem]}</p>
<p><a class="button" href="/">${texts.again}</a></p>`,
  );
}

/**
 * The template escapes what it is given. Only the style is not escaped. Repeats Referrer-Policy, because proxies often
 * add no-referrer to the header. The empty icon keeps browsers from asking for /favicon.ico.
 */
function pageOf({ language, title }: Texts, heading: string, body: SafeHtml): SafeHtml {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="same-origin">
<link rel="icon" href="data:,">
<title>${heading}${heading === title ? '' : ` – ${title}`}</title>
<style>${html.raw`${style}`}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
${body}
</main>
</body>
</html>
`;
}

/** Sends a page that may run no script, stand in no frame, and load nothing but its empty icon. */
export function sendPage(reply: FastifyReply, page: SafeHtml, status = 200): FastifyReply {
  return reply
    .code(status)
    .headers({
      'content-security-policy': policy,
      'cache-control': 'no-store',
      // Not no-referrer: browsers would send `Origin: null` with our form.
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      vary: 'accept-language',
    })
    .type('text/html; charset=utf-8')
    .send(String(page));
}
