// React Aria empties what it reads out by innerHTML = ''. Under the content security policy nothing else becomes HTML, and
// no text a script: for all that this policy does not make, the browser throws (Trusted Types §3.5, "default policy").

type TrustedTypes = {
  createPolicy(name: 'default', policy: { createHTML(text: string): string | null }): unknown;
};

const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };

trustedTypes?.createPolicy('default', { createHTML: (text) => (text === '' ? '' : null) });
