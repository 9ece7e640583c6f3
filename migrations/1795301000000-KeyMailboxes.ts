import { domainToASCII, domainToUnicode } from 'node:url';
import type { MigrationInterface, QueryRunner } from 'typeorm';

interface Row {
  readonly id: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly nickname: string | null;
  readonly of?: string;
}

interface Forms {
  readonly emailKey: (email: string) => string;
  readonly search: (row: Row) => string;
}

const BATCH = 5000;

/**
 * One key a mailbox, and names that are found by one letter, in any order and in every script. Of several users with one mailbox
 * one keeps it: who can act now, who proved it, who signed in last, who is the oldest, in this order. The others have no key from
 * here on, and nothing else of them changes: `roster shared-mailboxes` lists them.
 */
export class KeyMailboxes1795301000000 implements MigrationInterface {
  name = 'KeyMailboxes1795301000000';

  async up(runner: QueryRunner): Promise<void> {
    await rewrite(runner, { emailKey: addressKey, search: searchColumnOf });
    await runner.query(
      'CREATE INDEX users_without_key ON users (id) WHERE email IS NOT NULL AND email_key IS NULL AND erased_at IS NULL',
    );
    // What the release before has written since, as long as it runs beside this one.
    await runner.query(`CREATE INDEX users_of_release_before ON users (id) WHERE left(search, 1) NOT IN ('', ' ')`);
    await runner.query('ANALYZE users');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX users_of_release_before, users_without_key');
    await rewrite(runner, { emailKey: addressKeyBefore, search: searchColumnBefore });
    await runner.query('ANALYZE users');
  }
}

/**
 * What is made of each row lies ready before anybody has to wait. Then the table is written anew, and its indexes made again, in a
 * fraction of the time in which every index would follow every row.
 */
async function rewrite(runner: QueryRunner, forms: Forms): Promise<void> {
  await runner.query(
    'CREATE UNLOGGED TABLE rewritten (id uuid PRIMARY KEY, email_key text, search text NOT NULL, of text)',
  );
  await fill(runner, forms, 'true');
  await runner.query(LOCK_USERS);
  await runner.query(
    `DELETE FROM rewritten WHERE NOT EXISTS (SELECT FROM users WHERE users.id = rewritten.id AND of = ${OF})`,
  );
  await fill(runner, forms, 'NOT EXISTS (SELECT FROM rewritten WHERE rewritten.id = users.id)');
  await runner.query(`
    UPDATE rewritten SET email_key = NULL FROM (
      SELECT id, row_number() OVER (PARTITION BY rewritten.email_key ORDER BY deleted_at IS NOT NULL OR suspended_at IS NOT NULL,
        NOT email_verified, last_login_at DESC NULLS LAST, created_at, id) AS place
      FROM rewritten JOIN users USING (id) WHERE NOT pending AND rewritten.email_key IS NOT NULL) AS ranked
    WHERE ranked.id = rewritten.id AND place > 1`);
  await runner.query('ANALYZE rewritten');
  for (const column of ['email_key', 'search']) {
    await runner.query(`
      CREATE FUNCTION rewritten_${column}(uuid) RETURNS text STABLE LANGUAGE sql
      BEGIN ATOMIC SELECT ${column} FROM rewritten WHERE id = $1; END`);
  }
  await runner.query(`
    ALTER TABLE users ALTER COLUMN email_key TYPE text USING rewritten_email_key(id),
      ALTER COLUMN search TYPE text COLLATE "C" USING rewritten_search(id)`);
  await runner.query('DROP FUNCTION rewritten_email_key(uuid), rewritten_search(uuid)');
  await runner.query('DROP TABLE rewritten');
}

/**
 * With what lies ready kept: where lock_timeout ends a try, those who wait behind it go first, for a minute's time. Nothing is held
 * meanwhile that a server has to wait for.
 */
const LOCK_USERS = `
  DO $$ BEGIN
    FOR try IN 1..20 LOOP
      BEGIN
        LOCK TABLE users IN ACCESS EXCLUSIVE MODE;
        RETURN;
      EXCEPTION WHEN lock_not_available THEN
        PERFORM pg_sleep(1);
      END;
    END LOOP;
    LOCK TABLE users IN ACCESS EXCLUSIVE MODE;
  END $$`;

/** What the new forms are made of: whoever has changed it meanwhile is asked again. */
const OF = '(email, username, first_name, last_name, nickname)::text';

async function fill(runner: QueryRunner, { emailKey, search }: Forms, which: string): Promise<void> {
  let last = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const rows = (await runner.query(
      `SELECT id, email, username, first_name, last_name, nickname, ${OF} AS of FROM users WHERE id > $1 AND ${which}
       ORDER BY id LIMIT $2`,
      [last, BATCH],
    )) as Row[];
    const end = rows.at(-1);
    if (!end) return;
    await runner.query(
      `INSERT INTO rewritten (id, email_key, search, of)
       SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])`,
      [
        rows.map(({ id }) => id),
        rows.map(({ email }) => (email === null ? null : emailKey(email))),
        rows.map(search),
        rows.map(({ of }) => of),
      ],
    );
    last = end.id;
  }
}

// As src/users/aggregate/identifiers.ts and src/users/aggregate/search-text.ts are at this release: a migration does the same for ever.

const NOT_OF_A_DOMAIN = /[\p{Cc}\s%/\\?#:[\]@]/u;
const SIGNS = /([\u212a\u037e\u1fef])/;

function addressKey(email: string): string {
  const given = email.trim();
  const at = given.lastIndexOf('@');
  if (at < 0) return asciiLowerCase(canonical(given));
  const domain = given.slice(at + 1);
  const ascii = asciiDomain(domain) ?? asciiLowerCase(canonical(domain));
  return `${asciiLowerCase(canonical(given.slice(0, at)))}@${ascii.replace(/(?<=[^.])\.$/, '')}`;
}

function asciiDomain(domain: string): string | undefined {
  return (NOT_OF_A_DOMAIN.test(domain) ? '' : domainToASCII(domain)) || undefined;
}

function canonical(text: string): string {
  return text
    .split(SIGNS)
    .map((part) => (SIGNS.test(part) ? part : part.normalize('NFC')))
    .join('');
}

function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

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
const MARKED = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])(\p{M}+)/gu;
const SHORT_I = 'и\u0306';
const LEFT_OUT =
  /[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670\u0640\p{Default_Ignorable_Code_Point}]+/gu;
const EAST_ASIAN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

function searchColumnOf({ email, username, first_name, last_name, nickname }: Row): string {
  const name = [first_name, last_name].filter((part) => part !== null).join(' ');
  const fields = [...spellingsOf(email), username, name, writtenTogether(first_name, last_name), nickname];
  const folded = fields.map((field) => fold(field ?? '').trim()).filter((field) => field !== '');
  return folded.map((field) => encode(` ${field}`)).join('\n');
}

function spellingsOf(email: string | null): string[] {
  const at = email?.lastIndexOf('@') ?? -1;
  if (email === null || at < 0) return email === null ? [] : [email];
  const [local, given] = [email.slice(0, at), email.slice(at + 1)];
  const ascii = asciiDomain(given) ?? given;
  return [...new Set([domainToUnicode(ascii) || given, ascii])].map((domain) => `${local}@${domain}`);
}

function writtenTogether(firstName: string | null, lastName: string | null): string | null {
  if (firstName === null || lastName === null || !EAST_ASIAN.test(firstName + lastName)) return null;
  return `${lastName}${firstName}`.replace(/\s+/gu, '');
}

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(LEFT_OUT, '')
    .replace(MARKED, (marked, letter: string) => (marked.startsWith(SHORT_I) ? SHORT_I : letter))
    .replace(SPECIAL, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFC')
    .replace(/。/gu, '.')
    .replace(/[\p{Zs}\t]+/gu, ' ');
}

function encode(folded: string): string {
  const encoded = folded.replace(/[^a-z0-9 ]/gu, (character) => {
    const end = /[\p{L}\p{M}\p{N}]/u.test(character) ? '' : ' ';
    return `Q${lettersOf(character)}Q${end}`;
  });
  return encoded.replaceAll(' Q', ' CQ');
}

function lettersOf(character: string): string {
  const nibbles = [...(character.codePointAt(0) ?? 0).toString(16)];
  return nibbles.map((nibble) => String.fromCharCode(0x41 + Number.parseInt(nibble, 16))).join('');
}

// As they were at the release before, for the way back.

function addressKeyBefore(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}

function searchColumnBefore({ email, username, first_name, last_name, nickname }: Row): string {
  const name = [first_name, last_name].filter((part) => part !== null).join(' ');
  const fields = [email, username, name, nickname].filter((field) => field !== null && field !== '');
  const folded = fields.map((field) => foldBefore(field ?? '')).join('\n');
  return folded.replace(/[^a-z0-9]/gu, (character) => `Q${lettersOf(character)}Q`);
}

function foldBefore(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(SPECIAL, (letter) => LETTERS[letter] ?? letter)
    .replace(/\s+/gu, ' ');
}
