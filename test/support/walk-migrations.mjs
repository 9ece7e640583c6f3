// Takes a database up and down the migrations in dist/migrations, one at a time.
//
//   node walk-migrations.mjs URL TARGET...
//
// where a target is how many migrations are to be applied then. Prints, for the start and after each single migration,
// a line of JSON: { applied, schema: [...] }.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../dist/database/data-source.js';

const FOLDER = join(import.meta.dirname, '../../dist/migrations');
const files = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.js'))
  .sort();

// What the catalogue says of the schema `public`, but for what belongs to an extension: a `down` leaves those.
const SCHEMA = `
  SELECT format('column %s.%s %s %s default %s collate %s statistics %s', c.relname, a.attname,
      format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END,
      coalesce(pg_get_expr(d.adbin, d.adrelid), 'none'), coalesce(a.attcollation::regcollation::text, 'none'),
      coalesce(a.attstattarget::text, '-1')) AS line
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT format('%s %s options %s', CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'table' END, c.relname, c.reloptions)
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
  UNION ALL
  SELECT format('index %s', pg_get_indexdef(i.indexrelid))
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT format('constraint %s of %s: %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL
  SELECT format('trigger %s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
  UNION ALL
  SELECT format('function %s', pg_get_functiondef(p.oid)) FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = p.oid AND e.deptype = 'e')
  UNION ALL
  SELECT format('type %s %s', t.typname, array(SELECT enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY enumsortorder))
    FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = t.oid AND e.deptype = 'e')
  ORDER BY 1`;

const [url, ...targets] = process.argv.slice(2);

async function applied(dataSource) {
  const [{ present }] = await dataSource.query("SELECT to_regclass('public.migrations') IS NOT NULL AS present");
  if (!present) return 0;
  const [{ count }] = await dataSource.query('SELECT count(*)::int AS count FROM migrations');
  return count;
}

async function print(dataSource) {
  const rows = await dataSource.query(SCHEMA);
  const schema = rows.map(({ line }) => line).filter((line) => !/\bmigrations(_|\b)/.test(line));
  console.log(JSON.stringify({ applied: await applied(dataSource), schema }));
}

const dataSource = await new DataSource({
  ...dataSourceOptions(url, 1),
  migrations: files.map((file) => join(FOLDER, file)),
  migrationsTransactionMode: 'each',
  migrationsTableName: 'migrations',
}).initialize();
const migrations = [...dataSource.migrations];

await print(dataSource);
let at = await applied(dataSource);
for (const target of targets) {
  const goal = target === 'all' ? migrations.length : Number(target);
  while (at !== goal) {
    const up = at < goal;
    // Those that it knows; it applies all of them, and undoes the last one.
    dataSource.migrations.splice(0, Infinity, ...migrations.slice(0, up ? at + 1 : at));
    await (up ? dataSource.runMigrations() : dataSource.undoLastMigration());
    await print(dataSource);
    at += up ? 1 : -1;
  }
}
await dataSource.destroy();
