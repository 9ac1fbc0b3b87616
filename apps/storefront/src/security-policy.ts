import type { PageConfig } from './page-config.ts';

/**
 * What the page may load and call: its own files, and the services. Nothing runs that is not a file of ours, and
 * nothing is sent to anybody else.
 *
 * @param nonce for the styles that the component library adds by script
 */
export function contentSecurityPolicy({ issuer, services }: PageConfig, nonce: string): string {
  const called = new Set([new URL(issuer).origin, ...Object.values(services)]);
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self'",
    "font-src 'self'",
    `connect-src 'self' ${[...called].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    // One policy, which lets nothing but the empty text become HTML (page/trusted-types.ts).
    'trusted-types default',
  ].join('; ');
}

/** Besides service-kit's: what a page can do in a browser that it does not need. */
export const pageHeaders = {
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
} as const;
