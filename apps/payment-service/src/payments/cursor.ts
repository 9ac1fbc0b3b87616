/** The end of a page: the creation time and id of its last payment. */
export type Cursor = {
  createdAt: Date;
  id: string;
};

// 14 digits reach into the year 5138. Postgres cannot read a year of five digits as toISOString writes it.
const format = /^(\d{1,14})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Encodes a cursor as opaque text. It names no owner and is not signed: the query reads only the reader's own payments.
 *
 * @example encodeCursor({ createdAt: payment.createdAt, id: payment.id })
 */
export function encodeCursor({ createdAt, id }: Cursor): string {
  return Buffer.from(`${createdAt.getTime()}.${id}`).toString('base64url');
}

/** Decodes a cursor; undefined when `text` is not one of ours. */
export function decodeCursor(text: string): Cursor | undefined {
  const match = format.exec(Buffer.from(text, 'base64url').toString('latin1'));
  const createdAt = new Date(Number(match?.[1]));
  const id = match?.[2];
  return id === undefined || Number.isNaN(createdAt.getTime()) ? undefined : { createdAt, id };
}
