import { html, type SafeHtml } from '@remix-run/html-template';

/** Form fields that people do not see. */
export function hiddenFields(values: Readonly<Record<string, string>>): SafeHtml[] {
  return Object.entries(values).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">
`,
  );
}
