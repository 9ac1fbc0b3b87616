import type { Client } from 'pg';

export type Column = {
  readonly type: string;
  readonly isRequired: boolean;
  readonly hasDefault: boolean;
};

/** What a row of a table has to satisfy: a key, a foreign key, a check, a unique index. */
export type Constraint = { readonly table: string; readonly columns: readonly string[] };

/** What older code relies on in a database: by `table.column`, and by the constraint's name. */
export type Catalog = {
  readonly tables: ReadonlySet<string>;
  readonly columns: ReadonlyMap<string, Column>;
  readonly constraints: ReadonlyMap<string, Constraint>;
};

const columnsSql = `
  select relation.relname || '.' || attname as name, format_type(atttypid, atttypmod) as type,
         attnotnull as "isRequired", atthasdef or attidentity <> '' as "hasDefault"
  from pg_attribute join pg_class as relation on relation.oid = attrelid
  where relation.relnamespace = 'public'::regnamespace and relation.relkind in ('r', 'p')
    and attnum > 0 and not attisdropped`;

const constraintsSql = `
  select conname as name, relation.relname as table, array(
           select attname::text from pg_attribute where attrelid = conrelid and attnum = any(conkey)) as columns
  from pg_constraint join pg_class as relation on relation.oid = conrelid
  where connamespace = 'public'::regnamespace and contype <> 'n'
  union all
  select entry.relname, relation.relname, array(
           select attname::text from pg_attribute where attrelid = indrelid and attnum = any(indkey))
  from pg_index join pg_class as entry on entry.oid = indexrelid join pg_class as relation on relation.oid = indrelid
  where indisunique and relation.relnamespace = 'public'::regnamespace`;

export async function readCatalog(database: Client): Promise<Catalog> {
  const { rows: columns } = await database.query<Column & { name: string }>(columnsSql);
  const { rows: constraints } = await database.query<Constraint & { name: string }>(constraintsSql);
  return {
    tables: new Set(columns.map(({ name }) => tableOf(name))),
    columns: new Map(columns.map(({ name, ...column }) => [name, column])),
    constraints: new Map(constraints.map(({ name, ...constraint }) => [name, constraint])),
  };
}

/** What a migration changed that the code of before it does not expect; empty for one that only adds. */
export function breaksIn(before: Catalog, after: Catalog): string[] {
  const removed = [...before.columns.keys()].filter((name) => !after.columns.has(name));
  return [
    ...removed.map((name) => `${name} is gone or has another name`),
    ...[...before.columns].flatMap(([name, was]) => changesOf(name, was, after.columns.get(name))),
    ...[...after.columns]
      .filter(([name, { isRequired, hasDefault }]) => isNew(name) && isRequired && !hasDefault)
      .map(([name]) => `${name} is required and has no default`),
    ...[...after.constraints]
      .filter(([name, { table, columns }]) => {
        const isOfOldColumn = columns.some((column) => before.columns.has(`${table}.${column}`));
        return !before.constraints.has(name) && before.tables.has(table) && isOfOldColumn;
      })
      .map(([name, { table }]) => `${name} refuses rows of ${table} that were good`),
  ];

  /** A new column of a table that older code writes to. */
  function isNew(name: string): boolean {
    return before.tables.has(tableOf(name)) && !before.columns.has(name);
  }
}

function changesOf(name: string, was: Column, is: Column | undefined): string[] {
  if (is === undefined) return [];
  return [
    ...(is.type === was.type ? [] : [`${name} has another type`]),
    ...(is.isRequired && !was.isRequired ? [`${name} is required now`] : []),
    ...(!is.isRequired && was.isRequired ? [`${name} may be null now`] : []),
    ...(!is.hasDefault && was.hasDefault ? [`${name} has no default any more`] : []),
  ];
}

function tableOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}
