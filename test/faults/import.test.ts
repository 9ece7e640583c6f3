import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';

const ROOT = resolve(import.meta.dirname, '../..');
const USERS = 5000;

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'roster-import-'));
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

const count = async (table: string): Promise<number> =>
  Number((await database.query<{ count: string }>(`SELECT count(*) FROM ${table}`))[0]?.count);

describe('an import that is killed', () => {
  it('goes on where it is started again: nobody is missing, nobody is there twice', async () => {
    const file = join(folder, 'users.ndjson');
    const line = (number: number) => JSON.stringify({ externalId: `${number}`, email: `u${number}@example.com` });
    writeFileSync(file, Array.from({ length: USERS }, (_, number) => line(number)).join('\n'));
    const environment = { DATABASE_URL: database.url, SECRET_KEY: 'k3yZ'.repeat(12) };
    const args = ['import', '--from', 'ndjson', '--file', file];
    const killed = spawn(join(ROOT, 'node_modules/.bin/node'), [join(ROOT, 'dist/cli.js'), ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, ...environment },
      stdio: 'ignore',
    });
    await eventually(async () => (await count('imported_users')) > 0);
    killed.kill('SIGKILL');
    await once(killed, 'close');
    const before = await count('imported_users');
    expect(before).toBeLessThan(USERS);

    const again = await runCommand(args, environment, folder);
    const [created, present] = (again.stdout.match(/\d+/g) ?? []).map(Number);
    expect([again.code, (created ?? 0) + (present ?? 0)]).toEqual([0, USERS]);
    expect(present).toBeGreaterThan(0);
    for (const table of ['users', 'imported_users', 'user_keys']) expect(await count(table)).toBe(USERS);
    expect(await count('user_events')).toBe(2 * USERS);
    expect(await runCommand(['verify'], environment, folder)).toMatchObject({ code: 0 });
  });
});
