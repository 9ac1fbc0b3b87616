import { Pool } from 'undici';

type Form = Readonly<Record<string, string>>;

export type Page = { readonly status: number; readonly location: string; readonly text: string };

export type Browser = {
  /** The values of its cookies. */
  readonly cookies: ReadonlyMap<string, string>;
  /** Sends a form where there is one, and follows nothing. */
  visit(url: string, form?: Form): Promise<Page>;
};

export type Place = ReturnType<typeof createPlace>;

/** One server, with connections that all who visit it share. */
export function createPlace(url: string) {
  const pool = new Pool(url, { connections: 64 });

  async function send(
    address: string,
    options: { form?: Form | undefined; headers?: Record<string, string> },
  ) {
    const { pathname, search } = new URL(address, url);
    const { form, headers } = options;
    const answer = await pool.request({
      path: pathname + search,
      method: form === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) },
      body: form === undefined ? null : new URLSearchParams(form).toString(),
    });
    const page: Page = {
      status: answer.statusCode,
      location: String(answer.headers.location ?? ''),
      text: await answer.body.text(),
    };
    return { page, setCookies: [answer.headers['set-cookie'] ?? []].flat() };
  }

  return {
    close: () => pool.destroy(),

    /** Sends a form as a client does, without a browser. */
    post: async (address: string, form: Form): Promise<Page> => (await send(address, { form })).page,

    /** A browser that keeps cookies, whatever their path. */
    createBrowser(): Browser {
      const cookies = new Map<string, string>();
      return {
        cookies,
        async visit(address, form) {
          const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
          const { origin } = new URL(address, url);
          const { page, setCookies } = await send(address, { form, headers: { cookie, origin } });
          for (const text of setCookies) {
            const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
            if (value === '') cookies.delete(name);
            else cookies.set(name, value);
          }
          return page;
        },
      };
    },
  };
}
