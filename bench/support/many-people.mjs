import pg from 'pg';
import { copyInto } from '../../dist/database/copy.js';
import { newId } from '../../dist/events/new-id.js';
import { searchColumnOf, foldForSearch } from '../../dist/users/aggregate/search-text.js';
import { withoutIndexes } from './without-indexes.mjs';

const BATCH = 5000;
const DAY_MS = 24 * 3_600_000;
/** Whose columns stay as they are: nobody finds a person by them. */
const LIKE = `SELECT * FROM users WHERE role = 'AUTHENTICATED' AND deleted_at IS NULL AND first_name IS NOT NULL AND last_name IS NOT NULL`;

/**
 * Adds rows of `users`, and nothing else, until there are so many: all that a list and a search read. Each is like one of those that
 * are there, with first and last name of two others. To make a million with their histories takes nine minutes and more.
 */
export async function addPeople(databaseUrl, wanted) {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rows: known, fields } = await client.query(LIKE);
    const columns = fields.map(({ name }) => name);
    const [{ there }] = (await client.query('SELECT count(*)::int AS there FROM users')).rows;
    await withoutIndexes(client, 'users', async () => {
      for (let added = 0; there + added < wanted; added += BATCH) {
        const rows = Array.from({ length: Math.min(BATCH, wanted - there - added) }, (_, index) => {
          const person = personLike(known, added + index);
          return columns.map((column) => person[column]);
        });
        await client.query('BEGIN');
        await copyInto(client, 'users', columns, rows);
        await client.query('COMMIT');
        if ((added + BATCH) % 100_000 === 0) console.log(`${there + added + BATCH} of ${wanted} users`);
      }
    });
    await client.query('VACUUM ANALYZE users');
  } finally {
    await client.end();
  }
}

const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

function personLike(known, number) {
  const like = oneOf(known);
  const [firstName, lastName] = [oneOf(known).first_name, oneOf(known).last_name];
  const name = `${foldForSearch(firstName)}.${foldForSearch(lastName)}`.replace(/[^a-z.]+/g, '');
  const email = `${name}${number}@people.example.com`;
  const username = like.username === null ? null : `${name.slice(0, 12)}.${number}`;
  const earlierMs = Math.floor(Math.random() * DAY_MS);
  const times = Object.entries(like).filter(([, value]) => value instanceof Date);
  const moved = Object.fromEntries(times.map(([column, at]) => [column, new Date(at.getTime() - earlierMs)]));
  return {
    ...like,
    ...moved,
    ...{ id: newId(moved.created_at.getTime()), email, username, first_name: firstName, last_name: lastName },
    email_key: like.email_key === null ? null : email,
    username_key: username,
    search: searchColumnOf({ email, username, firstName, lastName, nickname: like.nickname }),
    contacts: [],
  };
}
