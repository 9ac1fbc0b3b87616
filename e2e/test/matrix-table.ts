export type Cell = {
  readonly service: string;
  readonly kind: string;
  readonly route: string;
  readonly status: number;
};

export type MatrixShape = {
  /** By service: the columns of its table, in any order. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
  /** The rows of every table. */
  readonly kinds: readonly string[];
};

const cellText = /^(\d{3})(\[\^[a-z-]+\])?$/;

/**
 * Reads docs/permission-matrix.md: under each heading that names a service, one table of kinds of token × routes.
 * Every route and kind must be listed, and nothing may be listed that no test tries.
 *
 * @throws Error naming the table and what is wrong with it
 * @example readMatrix(text, { routes: { 'cart-service': ['GET /cart'] }, kinds: ['no token'] })
 */
export function readMatrix(markdown: string, { routes, kinds }: MatrixShape): Cell[] {
  const notes = new Set([...markdown.matchAll(/^(\[\^[a-z-]+\]):/gm)].map(([, note]) => note));
  const tables = tablesOf(markdown);
  expectSame('the document', { what: 'service', found: [...tables.keys()], wanted: Object.keys(routes) });
  return [...tables].flatMap(([service, [header = [], , ...rows]]) => {
    const columns = header.slice(1).map((column) => column.replaceAll('`', ''));
    expectSame(service, { what: 'column', found: columns, wanted: routes[service] ?? [] });
    expectSame(service, { what: 'row', found: rows.map(([kind = '']) => kind), wanted: kinds });
    return rows.flatMap(([kind = '', ...cells]) => {
      if (cells.length !== columns.length) throw new Error(`${service}: the row "${kind}" is not full`);
      return cells.map((cell, index) => {
        const [, status, note] = cellText.exec(cell) ?? [];
        if (status === undefined) throw new Error(`${service}: "${cell}" is no status`);
        if (note !== undefined && !notes.has(note)) throw new Error(`${service}: nothing explains ${note}`);
        return { service, kind, route: columns[index] ?? '', status: Number(status) };
      });
    });
  });
}

/** The rows of each table, header and rule included, by the heading above it. */
function tablesOf(markdown: string): Map<string, string[][]> {
  const tables = new Map<string, string[][]>();
  let heading = '';
  for (const line of markdown.split('\n')) {
    if (line.startsWith('## ')) heading = line.slice(3).trim();
    if (!line.startsWith('|')) continue;
    const cells = line.split('|').slice(1, -1);
    const rows = tables.get(heading) ?? [];
    rows.push(cells.map((cell) => cell.trim()));
    tables.set(heading, rows);
  }
  return tables;
}

type Names = { readonly what: string; readonly found: readonly string[]; readonly wanted: readonly string[] };

function expectSame(where: string, { what, found, wanted }: Names): void {
  const unknown = found.find((name) => !wanted.includes(name));
  if (unknown !== undefined) throw new Error(`${where}: unknown ${what} "${unknown}"`);
  const missing = wanted.find((name) => !found.includes(name));
  if (missing !== undefined) throw new Error(`${where}: the ${what} "${missing}" is missing`);
  const twice = found.find((name, index) => found.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`${where}: the ${what} "${twice}" stands there twice`);
}
