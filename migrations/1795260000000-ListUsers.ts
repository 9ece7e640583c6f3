import type { MigrationInterface, QueryRunner } from 'typeorm';

interface Row {
  readonly id: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly nickname: string | null;
}

const BATCH = 5000;

/** The list of users: a column that can be searched, and an index for every order. */
export class ListUsers1795260000000 implements MigrationInterface {
  name = 'ListUsers1795260000000';

  async up(runner: QueryRunner): Promise<void> {
    // Trusted: who may create in the database may add it.
    await runner.query('CREATE EXTENSION IF NOT EXISTS pg_trgm');
    // The default is for releases before this one, as long as they run beside it.
    await runner.query(`ALTER TABLE users ADD COLUMN search text COLLATE "C" NOT NULL DEFAULT ''`);
    // With the usual 100 samples the planner cannot tell a term that one in a hundred has from one that nobody has.
    await runner.query('ALTER TABLE users ALTER COLUMN search SET STATISTICS 1000');
    await fillSearch(runner);

    // Sign-ins change rows too, so what waits to be merged into the index must stay short: every search reads it.
    await runner.query(
      'CREATE INDEX users_search ON users USING gin (search gin_trgm_ops) WITH (gin_pending_list_limit = 256)',
    );
    // `pending` leads: registrations that wait, and everybody else, are two lists that are never read together.
    await runner.query('DROP INDEX users_newest');
    await runner.query('CREATE INDEX users_by_creation ON users (pending, created_at, id)');
    await runner.query(`CREATE INDEX users_by_email ON users (pending, (coalesce(email_key, '') COLLATE "C"), id)`);
    await runner.query(
      `CREATE INDEX users_by_sign_in ON users (pending, (coalesce(last_login_at, '-infinity'::timestamptz)), id)`,
    );
    // What few are: to walk an order until twenty of them have come by could be to walk all of it.
    await runner.query(`CREATE INDEX users_staff ON users (role, created_at, id) WHERE role <> 'AUTHENTICATED'`);
    await runner.query('CREATE INDEX users_professional ON users (created_at, id) WHERE is_professional');
    await runner.query('CREATE INDEX users_suspended ON users (created_at, id) WHERE suspended_at IS NOT NULL');
    await runner.query('CREATE INDEX users_deleted ON users (created_at, id) WHERE deleted_at IS NOT NULL');
    await runner.query('CREATE INDEX users_locked ON users (locked_until) WHERE locked_until IS NOT NULL');
    await runner.query('ANALYZE users');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX users_locked, users_deleted, users_suspended, users_professional, users_staff, users_by_sign_in,
        users_by_email, users_by_creation, users_search`);
    await runner.query('CREATE INDEX users_newest ON users (created_at DESC, id DESC) WHERE NOT pending');
    await runner.query('ALTER TABLE users DROP COLUMN search');
    // The extension stays: something else in the database may use it.
  }
}

async function fillSearch(runner: QueryRunner): Promise<void> {
  let last = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const rows = (await runner.query(
      `SELECT id, email, username, first_name, last_name, nickname FROM users WHERE id > $1 ORDER BY id LIMIT $2`,
      [last, BATCH],
    )) as Row[];
    const end = rows.at(-1);
    if (!end) return;
    await runner.query(
      `UPDATE users SET search = filled.search
       FROM unnest($1::uuid[], $2::text[]) AS filled (id, search) WHERE users.id = filled.id`,
      [rows.map(({ id }) => id), rows.map(searchColumnOf)],
    );
    last = end.id;
  }
}

// As src/users/aggregate/search-text.ts was at this release: a migration does the same for ever.

const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ŧ: 't',
  ŋ: 'n',
  ı: 'i',
  ĸ: 'k',
  ς: 'σ',
};
const SPECIAL = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');

function searchColumnOf({ email, username, first_name, last_name, nickname }: Row): string {
  const name = [first_name, last_name].filter((part) => part !== null).join(' ');
  const fields = [email, username, name, nickname].filter((field) => field !== null && field !== '');
  return encode(fields.map((field) => fold(field ?? '')).join('\n'));
}

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(SPECIAL, (letter) => LETTERS[letter] ?? letter)
    .replace(/\s+/gu, ' ');
}

function encode(folded: string): string {
  return folded.replace(/[^a-z0-9]/gu, (character) => {
    const nibbles = [...(character.codePointAt(0) ?? 0).toString(16)];
    return `Q${nibbles.map((nibble) => String.fromCharCode(0x41 + Number.parseInt(nibble, 16))).join('')}Z`;
  });
}
