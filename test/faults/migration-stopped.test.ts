import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually, type Home, makeHome, RosterProcess } from '../support/process.js';

const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery staple' };

let home: Home;
let migrated: TestDatabase;
beforeAll(async () => {
  home = makeHome();
  migrated = await createTestDatabase();
});
afterAll(async () => {
  await RosterProcess.killAll();
  await migrated.drop();
  home.remove();
});

const appliedIn = async (database: TestDatabase): Promise<number> => {
  const [table] = await database.query<{ there: boolean }>("SELECT to_regclass('migrations') IS NOT NULL AS there");
  if (!table?.there) return 0;
  return (await database.query('SELECT FROM migrations')).length;
};

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'two servers, one of which gets %s while it migrates: the other one, and the next start, find the schema whole',
  async (signal) => {
    const database = await createTestDatabase('template0');
    const environment = {
      ...ADMIN,
      DATABASE_URL: database.url,
      SMTP_URL: 'smtp://127.0.0.1:1',
      SECRET_KEY: 'k3yZ'.repeat(12),
    };
    const one = await RosterProcess.launch(home, environment);
    await eventually('the first migrations', async () => (await appliedIn(database)) >= 3, 60_000);
    // It waits for its turn.
    const other = await RosterProcess.launch(home, environment);
    await one.kill(signal);
    await other.running();
    const all = await appliedIn(migrated);
    expect(await appliedIn(database)).toBe(all);
    const again = await RosterProcess.start(home, environment);
    for (const server of [other, again]) {
      await server.signIn(ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
      expect(await server.kill('SIGTERM')).toMatchObject({ code: 0 });
    }
    await database.drop();
  },
);
