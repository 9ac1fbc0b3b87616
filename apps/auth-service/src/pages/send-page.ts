import type { FastifyReply } from 'fastify';
import type { Page } from './layout.ts';

/**
 * Sends a page under a content security policy that allows no frame, and only the page's own style, script, logo and
 * icon.
 */
export function sendPage(reply: FastifyReply, page: Page, status = 200): FastifyReply {
  const policy = [
    "default-src 'none'",
    `style-src ${page.styleHash}`,
    ...(page.scriptHash === undefined ? [] : [`script-src ${page.scriptHash}`]),
    `img-src data:${page.logo === undefined ? '' : ` ${new URL(page.logo).origin}`}`,
    ...(page.formsTo === 'anywhere' ? [] : [`form-action ${page.formsTo.join(' ')}`]),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
  return reply
    .code(status)
    .headers({
      'cache-control': 'no-store',
      'content-security-policy': policy,
      // Not no-referrer: browsers would send `Origin: null` with the page's forms.
      'referrer-policy': 'same-origin',
      'content-language': page.language,
    })
    .type('text/html; charset=utf-8')
    .send(String(page.html));
}
