import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What is not a letter ends with Q in the column that is searched, not with Z: the trigrams of the index know no case, so the
 * end of a space and the name after it looked like a name with a Z. And professionals in every order of the list.
 */
export class SearchFaster1795265500000 implements MigrationInterface {
  name = 'SearchFaster1795265500000';

  async up(runner: QueryRunner): Promise<void> {
    await replaceEnds(runner, 'Z', 'Q');
    await runner.query(`
      CREATE INDEX users_professional_by_email ON users (pending, (coalesce(email_key, '') COLLATE "C"), id)
      WHERE is_professional`);
    await runner.query(`
      CREATE INDEX users_professional_by_sign_in
      ON users (pending, (coalesce(last_login_at, '-infinity'::timestamptz)), id) WHERE is_professional`);
    await runner.query('ANALYZE users');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX users_professional_by_email, users_professional_by_sign_in');
    await replaceEnds(runner, 'Q', 'Z');
  }
}

async function replaceEnds(runner: QueryRunner, from: string, to: string): Promise<void> {
  // The table is written anew and its indexes made again, in a fraction of the time in which every index would follow every row.
  await runner.query(`
    ALTER TABLE users ALTER COLUMN search TYPE text COLLATE "C"
    USING regexp_replace(search, 'Q([A-P]+)${from}', 'Q\\1${to}', 'g')`);
}
