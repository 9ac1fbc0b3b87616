// React Aria clears its live regions with innerHTML = ''. This policy allows only the empty text to become HTML, and no
// text to become a script. For anything else the browser throws (Trusted Types §3.5, "default policy").

type TrustedTypes = {
  createPolicy(name: 'default', policy: { createHTML(text: string): string | null }): unknown;
};

const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };

trustedTypes?.createPolicy('default', { createHTML: (text) => (text === '' ? '' : null) });
