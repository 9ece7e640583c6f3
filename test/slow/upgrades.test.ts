import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { Transactions } from '../../src/database/transaction.js';
import { EventLog } from '../../src/events/event-log.js';
import { stateOf } from '../../src/users/store/user.entity.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { createTestDatabase } from '../support/database.js';
import { startRoster } from '../support/roster.js';

const FOLDER = join(PACKAGE_ROOT, 'test/fixtures/upgrades');
const releases = readdirSync(FOLDER).filter((name) => /^\d/.test(name));

interface Fixture {
  readonly secretKey: string;
  readonly password: string;
  readonly pendingToken: string;
}

describe('a database of an earlier release', () => {
  it.each(releases)('of %s is migrated, keeps its users, and its open links still work', async (release) => {
    const read = (file: string) => readFileSync(join(FOLDER, release, file), 'utf8');
    const { secretKey, password, pendingToken } = JSON.parse(read('fixture.json')) as Fixture;
    const database = await createTestDatabase('template0');
    await database.query(read('dump.sql'));
    // A dump empties the search path of the connection that reads it.
    await database.query('DISCARD ALL');
    await promisify(execFile)(process.execPath, [join(PACKAGE_ROOT, 'dist/cli.js'), 'migrate'], {
      env: { ...process.env, DATABASE_URL: database.url, SECRET_KEY: secretKey, SMTP_URL: 'smtp://127.0.0.1:1' },
    });
    const roster = await startRoster({ SECRET_KEY: secretKey }, [], database);
    try {
      await roster.api.get('/health/ready').expect(200);
      for (const identifier of ['admin@example.com', 'ada', 'GRACE@example.com']) {
        await roster.signIn(identifier, password);
      }
      const admin = await roster.signIn('admin@example.com', password);
      const list = await roster.api.get('/users').set('authorization', `Bearer ${admin}`).expect(200);
      expect(list.body.items).toMatchObject([
        { username: 'Grace.Hopper', role: 'MANAGER', nickname: 'Amazing Grace' },
        { username: 'ada', role: 'AUTHENTICATED', firstName: 'Ada', emailVerified: true },
        { email: 'admin@example.com', role: 'ADMIN' },
      ]);
      const found = await roster.api
        .get('/users?search=H%C3%93PPER')
        .set('authorization', `Bearer ${admin}`)
        .expect(200);
      expect(found.body.items).toMatchObject([{ username: 'Grace.Hopper' }]);
      const contacts = await roster.api
        .get(`/users/${list.body.items[1].id}/contacts`)
        .set('authorization', `Bearer ${admin}`)
        .expect(200);
      // There were none before 0.2.0.
      expect(contacts.body.items).toMatchObject(release === '0.1.0' ? [] : [{ value: '+442079460958', label: 'desk' }]);
      await roster.api.post('/auth/verify-email').send({ token: pendingToken }).expect(200);
      await roster.signIn('pending@example.com', password);

      const ids = await database.query<{ id: string }>('SELECT id FROM users');
      expect(ids).toHaveLength(5);
      await roster.app.get(Transactions, { strict: false }).run(async (tx) => {
        for (const { id } of ids) {
          const events = await roster.app.get(EventLog, { strict: false }).read(tx, id);
          const row = await roster.app.get(UserStore, { strict: false }).find(tx, id);
          expect(row && stateOf(row)).toEqual(events.reduce<UserState | undefined>(evolve, undefined));
        }
      });
    } finally {
      await roster.stop();
    }
  });
});
