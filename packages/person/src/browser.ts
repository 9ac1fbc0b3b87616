export type Browser = ReturnType<typeof createBrowser>;

/** The page at which a browser is: after all redirects. */
export type Page = { readonly url: string; readonly status: number; readonly text: string };

export type BrowserOptions = {
  /** What it prefers, as in Accept-Language. Default: en. */
  readonly language?: string;
  /** Sends a request, for example to where this process reaches an address that is for browsers. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
};

/** More than any sign-in needs. */
const maxRedirects = 10;

/**
 * A browser at localhost, whose ports share their cookies. It follows redirects, and submits the form of a page, which
 * has to work without script. Ignores the attributes of cookies.
 *
 * @example
 * const browser = createBrowser();
 * await browser.open('http://localhost:3001/sign-in');
 * await browser.submit({ action: 'sign_in', username, password });
 */
export function createBrowser({ language = 'en', fetch = globalThis.fetch }: BrowserOptions = {}) {
  const cookies = new Map<string, string>();
  let page: Page = { url: '', status: 0, text: '' };

  async function request(
    url: string,
    form?: { fields: Record<string, string>; origin: string },
  ): Promise<Response> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        'accept-language': language,
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form && { origin: form.origin }),
      },
      ...(form && { method: 'POST', body: new URLSearchParams(form.fields) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  }

  async function load(...args: Parameters<typeof request>): Promise<Page> {
    let [url] = args;
    let response = await request(...args);
    for (let redirects = 0; response.status === 303; redirects += 1) {
      if (redirects === maxRedirects) throw new Error(`${url} redirects more than ${maxRedirects} times`);
      url = new URL(response.headers.get('location') ?? '', url).href;
      response = await request(url);
    }
    page = { url, status: response.status, text: await response.text() };
    return page;
  }

  return {
    open: (url: string): Promise<Page> => load(url),
    /** Submits the page's form, as if from a page of `origin`. @throws when the page has none */
    async submit(fields: Record<string, string>, origin = new URL(page.url).origin): Promise<Page> {
      const action = /<form method="post" action="([^"]+)"/.exec(page.text)?.[1];
      if (action === undefined) throw new Error(`${page.url} has no form (${page.status})`);
      return load(new URL(action, page.url).href, { fields, origin });
    },
  };
}
