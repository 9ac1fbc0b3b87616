/**
 * The source of the directive form-action (CSP Level 3) that allows a form, or its redirect, to lead to this redirect
 * URI.
 *
 * @example
 * formTargetOf('https://app.example/callback'); // 'https://app.example'
 * formTargetOf('com.example.app:/callback'); // 'com.example.app:'
 */
export function formTargetOf(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri);
  return origin === 'null' ? protocol : origin;
}
