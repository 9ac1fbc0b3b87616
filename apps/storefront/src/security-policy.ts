import type { PageConfig } from './page-config.ts';

/**
 * The page's content security policy. It allows only our own files to load and run, and requests only to this server
 * and the services.
 *
 * @param nonce for the styles that the component library adds by script
 */
export function contentSecurityPolicy({ services }: PageConfig, nonce: string): string {
  // Origins: a path would allow itself alone.
  const called = new Set(Object.values(services).map((url) => new URL(url).origin));
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
    // The only policy allowed. It lets only the empty text become HTML (page/trusted-types.ts).
    'trusted-types default',
  ].join('; ');
}

/** Headers beyond service-kit's. They switch off browser features that the page does not need. */
export const pageHeaders = {
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
} as const;
