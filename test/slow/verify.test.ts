import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createPublicKey, verify as edVerify } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import { v7 as uuidv7 } from 'uuid';
import { systemContext } from '../../src/access/caller.js';
import { Keyring } from '../../src/database/keyring.js';
import { Transactions } from '../../src/database/transaction.js';
import { takeCheckpoint } from '../../src/operator/checkpoint.js';
import { proveCheckpoint } from '../../src/operator/checkpoint-file.js';
import { describeFault } from '../../src/operator/fault.js';
import { replay } from '../../src/operator/replay.js';
import { replayReport } from '../../src/operator/reports.js';
import { verify } from '../../src/operator/verify.js';
import type { OperatorContext } from '../../src/operator/operator-context.js';
import { addContact } from '../../src/users/aggregate/decide-contacts.js';
import { changeRole, erase, suspend, updateProfile } from '../../src/users/aggregate/decide.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { type CommandResult, runCommand } from '../support/cli.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { withOperatorContext, SILENT } from '../support/operator-context.js';

const SECRET_KEY = 'k3yZ'.repeat(12);
const context = systemContext('verify-test');

let roster: Roster;
let folder: string;
let checkpoint: string;
/** The id of each user, by the first part of the address. */
const ids = new Map<string, string>();
const idOf = (name: string): string => ids.get(name) ?? '';

beforeAll(async () => {
  roster = await startRoster();
  folder = mkdtempSync(join(tmpdir(), 'roster-verify-'));
  checkpoint = join(folder, 'checkpoint');
  // Somebody whose claim vanished is in the log alone.
  await roster.api.post('/auth/register').send({ email: 'joined@example.com', password: PASSWORD }).expect(202);
  await roster.inbox.waitFor('joined@example.com');
  ids.set(
    'lost',
    (await roster.database.query<{ id: string }>("SELECT id FROM users WHERE email LIKE 'joined%'"))[0]!.id,
  );
  const users = roster.app.get(UserStore, { strict: false });
  for (const name of ['ada', 'bea', 'cyd', 'dee', 'eve']) {
    await roster.app.get(Transactions, { strict: false }).run(async (tx) => {
      const email = `${name}@example.com`;
      const { id } = await users.create(tx, { email, firstName: name, role: 'AUTHENTICATED', how: 'admin' }, context);
      ids.set(name, id);
      await users.change(tx, id, (state) => updateProfile(state, { nickname: `${name}-nick`, bio: 'x' }), context);
      await users.change(tx, id, (state) => suspend(state, 'canary of a reason', 1), context);
      await users.change(tx, id, (state) => changeRole(state, 'MANAGER', 1), context);
    });
  }
  // And one who was erased is blank in both.
  await roster.app.get(Transactions, { strict: false }).run(async (tx) => {
    const { id } = await users.create(tx, { email: 'fay@example.com', role: 'AUTHENTICATED', how: 'admin' }, context);
    const contact = { id: uuidv7(), kind: 'phone', value: '+4915112345678', label: 'home' } as const;
    await users.change(tx, id, (state) => addContact(state, contact), context);
    await users.change(tx, id, (state) => erase(state, 'admin', 1), context);
    await users.change(tx, idOf('ada'), (state) => addContact(state, contact), context);
  });
  const written = await command('checkpoint', '--out', checkpoint);
  expect(written).toMatchObject({ code: 0, stderr: '' });
});
afterAll(async () => {
  await roster.stop();
  rmSync(folder, { recursive: true });
});

function command(...args: string[]): Promise<CommandResult> {
  return runCommand(args, { DATABASE_URL: roster.database.url, SECRET_KEY });
}

const work = <T>(doIt: (context: OperatorContext) => Promise<T>) =>
  withOperatorContext({ DATABASE_URL: roster.database.url, SECRET_KEY }, doIt);

/** The lines that `verify --all` prints of faults. */
async function faults(given?: string): Promise<string[]> {
  const options = { limit: 100, checkpoint: given, progress: SILENT };
  return (await work((context) => verify(context, options))).faults.map(describeFault);
}

/** What somebody with every right does behind Roster's back. */
async function tamper(sql: string, ...values: unknown[]): Promise<void> {
  await roster.database.query('ALTER TABLE user_events DISABLE TRIGGER user_events_append_only');
  await roster.database.query(sql, values);
  await roster.database.query('ALTER TABLE user_events ENABLE ALWAYS TRIGGER user_events_append_only');
}

async function eventOf(name: string, version: number): Promise<string> {
  const sql = 'SELECT id FROM user_events WHERE user_id = $1 AND user_version = $2';
  return (await roster.database.query<{ id: string }>(sql, [idOf(name), version]))[0]?.id ?? '';
}

const rowsOfUsers = () => roster.database.query('SELECT * FROM users ORDER BY id');

describe('A database that nobody touched', () => {
  it('is verified with the server running beside it, and with what a checkpoint knew', async () => {
    const { code, stdout } = await command('verify', '--checkpoint', checkpoint);
    expect(stdout).toMatch(/^Verified 8 users, 28 events in .* \(\d+ events\/s\): every chain is intact/);
    expect(code).toBe(0);
  });

  it('may have gone on since the checkpoint', async () => {
    const users = roster.app.get(UserStore, { strict: false });
    await roster.app
      .get(Transactions, { strict: false })
      .run((tx) => users.change(tx, idOf('ada'), (state) => updateProfile(state, { bio: 'later' }), context));
    expect(await faults(checkpoint)).toEqual([]);
  });

  it('is left alone by replay', async () => {
    const before = await rowsOfUsers();
    const result = await work((context) => replay(context, { dryRun: false, progress: SILENT }));
    expect(result).toMatchObject({ users: 8, differed: 0, unsettled: [] });
    expect(await rowsOfUsers()).toEqual(before);
  });
});

describe('Rows that were changed behind the back of the log', () => {
  let before: object[];
  beforeAll(async () => {
    await roster.database.query("UPDATE users SET last_login_at = '2026-01-01' WHERE id = $1", [idOf('ada')]);
    before = await rowsOfUsers();
    await roster.database.query("UPDATE users SET nickname = 'mallory', role = 'ADMIN' WHERE id = $1", [idOf('ada')]);
    // Two who swapped what is unique, and one who is not there any more.
    await roster.database.query("UPDATE users SET email_key = 'x' WHERE id = $1", [idOf('bea')]);
    await roster.database.query("UPDATE users SET email_key = 'bea@example.com' WHERE id = $1", [idOf('cyd')]);
    await roster.database.query("UPDATE users SET email_key = 'cyd@example.com' WHERE id = $1", [idOf('bea')]);
    await roster.database.query('DELETE FROM users WHERE id = $1', [idOf('dee')]);
  });

  it('are named with their columns, and never with a value', async () => {
    const found = await faults();
    const differs = 'its row in users does not match the log; it differs in';
    expect(found.sort()).toEqual(
      [
        `User ${idOf('ada')}: ${differs} nickname, role.`,
        `User ${idOf('bea')}: ${differs} email_key.`,
        `User ${idOf('cyd')}: ${differs} email_key.`,
        `User ${idOf('dee')}: it is in the log, but its row in users is missing.`,
      ].sort(),
    );
    expect(found.join()).not.toMatch(/mallory|ADMIN|example\.com/);
  });

  it('are only counted by a dry run', async () => {
    const changed = await rowsOfUsers();
    const result = await work((context) => replay(context, { dryRun: true, progress: SILENT }));
    expect(result).toMatchObject({ differed: 4, unsettled: [] });
    expect(result.examples).toHaveLength(4);
    expect(await rowsOfUsers()).toEqual(changed);
  });

  it('are put right by replay, which leaves alone when people signed in last', async () => {
    const { code, stdout } = await command('replay');
    expect(stdout).toMatch(/Rows that differed: 4\. They were repaired; writers of users waited for \d+ ms at most\./);
    expect(code).toBe(0);
    expect(await rowsOfUsers()).toEqual(before);
    expect(await faults()).toEqual([]);
  });
});

describe('A log that was changed', () => {
  it('is found out, one fault after the other, with a checkpoint also where it was changed without a trace', async () => {
    const [bea, cyd, dee, eve, ada] = ['bea', 'cyd', 'dee', 'eve', 'ada'].map(idOf);
    const [flipped, forged, after] = await Promise.all([eventOf('bea', 2), eventOf('cyd', 4), eventOf('dee', 3)]);
    await tamper(
      'UPDATE user_events SET personal = set_byte(personal, 20, get_byte(personal, 20) # 1) WHERE id = $1',
      flipped,
    );
    await tamper(`UPDATE user_events SET data = '{"from": "AUTHENTICATED", "to": "ADMIN"}' WHERE id = $1`, forged);
    await tamper('DELETE FROM user_events WHERE user_id = $1 AND user_version = 2', dee);
    // A tail that was cut with care: the row is what the log makes of it.
    await tamper('DELETE FROM user_events WHERE user_id = $1 AND user_version = 4', eve);
    await roster.database.query(
      `UPDATE users SET version = 3, role = 'AUTHENTICATED',
         updated_at = (SELECT occurred_at FROM user_events WHERE user_id = $1 AND user_version = 3) WHERE id = $1`,
      [eve],
    );
    // And somebody who never was.
    await tamper('DELETE FROM user_events WHERE user_id = $1', ada);
    await roster.database.query('DELETE FROM user_keys WHERE user_id = $1', [ada]);
    await roster.database.query('DELETE FROM users WHERE id = $1', [ada]);

    const within = [
      `User ${bea}, version 2, event ${flipped}: its hash does not match its content, and its personal data cannot be unsealed: it was changed after it was written.`,
      `User ${cyd}, version 4, event ${forged}: its hash does not match its content: it was changed after it was written.`,
      `User ${dee}, version 3, event ${after}: version 2 is missing before this event.`,
    ];
    expect(await faults()).toEqual(within);
    const first = await command('verify');
    expect(first.stdout.split('\n')[0]).toBe(within[0]);
    expect(first.code).toBe(1);

    expect(await faults(checkpoint)).toEqual([
      `User ${ada}: the checkpoint has it at version 5, but it is missing from the log.`,
      `User ${eve}, version 3: the checkpoint has version 4, but the log ends here: the log was truncated.`,
      ...within,
    ]);
  });

  it('is not made the truth by replay', async () => {
    const before = await rowsOfUsers();
    const result = await work((context) => replay(context, { dryRun: false, progress: SILENT }));
    expect(result).toMatchObject({ differed: 0 });
    expect(result.unsettled).toHaveLength(3);
    expect(replayReport(result, false)).toContain('Left unchanged, needs investigation:');
    expect(await rowsOfUsers()).toEqual(before);
  });

  it('is found where only the row is ahead of it, or left', async () => {
    const [eve, lost] = [idOf('eve'), idOf('lost')];
    await tamper('DELETE FROM user_events WHERE user_id = $1 AND user_version = 3', eve);
    await tamper('DELETE FROM user_events WHERE user_id = $1', lost);
    const found = await faults();
    expect(found).toContain(
      `User ${eve}, version 2: its row in users is at version 3, but the log ends here: the log was truncated.`,
    );
    expect(found).toContain(`User ${lost}: it has a row in users, but the log has no events for it.`);
  });

  it('is found where the key of somebody who was not erased is gone', async () => {
    await roster.database.query('DELETE FROM user_keys WHERE user_id = $1', [idOf('eve')]);
    const found = await faults();
    expect(found).toContain(
      `User ${idOf('eve')}, version 1, event ${await eventOf('eve', 1)}: its personal-data key is missing, although the user was not erased.`,
    );
  });
});

describe('A checkpoint', () => {
  it('is never written over another', async () => {
    await expect(work((context) => takeCheckpoint(context, checkpoint))).rejects.toThrow(
      `${checkpoint} already exists, and a checkpoint is never overwritten.`,
    );
  });

  it.each([
    ['a head', (text: string) => text.replace(/,4,/, ',3,'), 'do not match the signed root'],
    ['a user that was left out', (text: string) => text.replace(/^.*\n/, ''), 'do not match the signed root'],
    ['its time', (text: string) => text.replace(/"createdAt":"20/, '"createdAt":"19'), 'The signature of'],
    ['its end cut off', (text: string) => text.replace(/\{.*\n$/, ''), 'it has no signed statement'],
    ['nothing in it', () => '', 'is not a Roster checkpoint'],
  ])('is refused with %s changed', async (_, change, message) => {
    const file = join(folder, 'changed');
    writeFileSync(file, change(readFileSync(checkpoint, 'utf8')));
    await expect(proveCheckpoint(file, roster.app.get(Keyring, { strict: false }))).rejects.toThrow(message);
  });

  it('can be checked by an auditor with nothing but the public key', () => {
    const last = readFileSync(checkpoint, 'utf8').trimEnd().split('\n').at(-1) ?? '';
    const { signature, ...statement } = JSON.parse(last) as Record<string, string>;
    const key = createPublicKey({
      key: Buffer.from(statement['publicKey']!, 'base64url'),
      format: 'der',
      type: 'spki',
    });
    const signed = Buffer.from(canonicalize(statement)!);
    expect(edVerify(null, signed, key, Buffer.from(signature!, 'base64url'))).toBe(true);
  });
});
