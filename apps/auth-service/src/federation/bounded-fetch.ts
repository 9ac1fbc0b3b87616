import { createFetch } from '@latchkey/auth-client';
import type { CustomFetchOptions } from 'openid-client';
import { UpstreamError } from './upstream-error.ts';

const maxBytes = 256 * 1024;

/**
 * A fetch for one provider. It reads no more than 256 KiB of an answer, whatever the provider sends, and replaces the
 * origins that this process reaches at another address.
 */
export function createBoundedFetch(reachedAt: Readonly<Record<string, string>>) {
  const fetch = createFetch();
  return async (address: string, options: CustomFetchOptions): Promise<Response> => {
    const { origin } = new URL(address);
    const base = reachedAt[origin];
    const url = base === undefined ? address : `${base}${address.slice(origin.length)}`;
    const response = await fetch(url, options as RequestInit);
    const body = await readAtMost(response, maxBytes);
    const isEmpty = body.length === 0;
    return new Response(isEmpty ? null : body, { status: response.status, headers: response.headers });
  };
}

async function readAtMost(response: Response, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > most) throw new UpstreamError('refused', 'the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
