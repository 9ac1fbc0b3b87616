/** The cookies of one browser, by name. A person who comes again has the same. */
export type Cookies = Map<string, string>;

export type Visit = {
  /** Filled and sent. Those of a new browser without it. */
  readonly cookies?: Cookies;
  /** As in Accept-Language. 'en' without it. */
  readonly language?: string;
};

/** How a browser comes back to the client. It is for the caller to take it there. */
export type Answer = {
  /** With the response in its query, unless `form` has it. */
  readonly url: string;
  /** What the browser posts there (response_mode=form_post). */
  readonly form?: Readonly<Record<string, string>>;
};

type Page = { readonly url: string; readonly status: number; readonly text: string };

/** More than any sign-in needs. */
const maxPages = 10;

/**
 * Goes through Example ID's pages as a browser without script does: from an authorization URL to the answer for the
 * client. Somebody who is signed in already sees no page, unless the client wants one. Does not look at the answer,
 * which may be an error.
 *
 * @throws Error with the page's text when the password is wrong, or Example ID shows a problem
 * @example
 * const { url } = await signInAtExampleId(authorizationUrl, seededPeople[0]);
 * await fetch(url); // the client's callback
 */
export function signInAtExampleId(
  authorizationUrl: string | URL,
  { username, password }: { readonly username: string; readonly password: string },
  visit?: Visit,
): Promise<Answer> {
  return answerOf(authorizationUrl, { action: 'sign_in', username, password }, visit);
}

/** As `signInAtExampleId`, but cancels: the answer is access_denied. */
export function cancelAtExampleId(authorizationUrl: string | URL, visit?: Visit): Promise<Answer> {
  return answerOf(authorizationUrl, { action: 'cancel' }, visit);
}

/**
 * Signs the browser that has `cookies` out of Example ID. All clients with a backchannel_logout_uri have been told when
 * it returns.
 *
 * @param endSessionUrl Example ID's issuer; or what a client made of its end_session_endpoint
 * @returns where the browser is afterwards: the client's post_logout_redirect_uri when it asked for that
 */
export async function signOutAtExampleId(endSessionUrl: string | URL, cookies: Cookies): Promise<string> {
  const { origin, pathname } = new URL(endSessionUrl);
  const first = pathname === '/' ? `${origin}/session/end` : String(endSessionUrl);
  const page = await load(first, { cookies });
  if (typeof page === 'string') throw new Error(`${first} asked nothing`);
  const { action, fields } = formOf(page);
  const last = await load(action, { cookies, fields: { ...fields, logout: 'yes' } });
  return typeof last === 'string' ? last : last.url;
}

async function answerOf(
  authorizationUrl: string | URL,
  fields: Record<string, string>,
  { cookies = new Map(), language }: Visit = {},
): Promise<Answer> {
  const { origin } = new URL(authorizationUrl);
  let page = await load(String(authorizationUrl), { cookies, language });
  for (let pages = 0; pages < maxPages; pages += 1) {
    if (typeof page === 'string') return { url: page };
    const form = formOf(page);
    if (new URL(form.action).origin !== origin) return { url: form.action, form: form.fields };
    if (page.status !== 200) break;
    // Besides its own page, the provider has forms that go on by themselves, such as when another person signs in.
    const isSignIn = new URL(form.action).pathname.startsWith('/sign-in/');
    page = await load(form.action, { cookies, language, fields: isSignIn ? fields : form.fields });
  }
  const { url, status, text } = page as Page;
  throw new Error(
    `Example ID answered ${status} at ${url}: ${text.replaceAll(/<style>.*<\/style>|<[^>]*>/gs, ' ')}`,
  );
}

/** The page after all redirects; only the address when that is not Example ID's. */
async function load(
  address: string,
  sent: { cookies: Cookies; language?: string | undefined; fields?: Readonly<Record<string, string>> },
): Promise<Page | string> {
  const { cookies, language = 'en' } = sent;
  const { origin } = new URL(address);
  let [url, fields] = [address, sent.fields];
  for (let redirects = 0; redirects < maxPages; redirects += 1) {
    if (new URL(url).origin !== origin) return url;
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        'accept-language': language,
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(fields && { origin }),
      },
      ...(fields && { method: 'POST', body: new URLSearchParams(fields) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const text = await response.text();
    const location = response.headers.get('location');
    if (location === null) return { url, status: response.status, text };
    [url, fields] = [new URL(location, url).href, undefined];
  }
  throw new Error(`${address} redirects more than ${maxPages} times`);
}

/** Where a page's form goes, and its hidden fields. */
function formOf({ url, status, text }: Page): { action: string; fields: Record<string, string> } {
  const action = /<form method="post" action="([^"]*)"/.exec(text)?.[1];
  if (action === undefined) throw new Error(`Example ID has no form at ${url} (${status}): ${text}`);
  const hidden = text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g);
  const fields = [...hidden].map(([, name = '', value = '']) => [name, unescaped(value)]);
  return { action: new URL(unescaped(action), url).href, fields: Object.fromEntries(fields) };
}

function unescaped(text: string): string {
  const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => characters[name] ?? '');
}
