import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { newTraceId, systemContext, type Transaction, updateProfile, UsernameTaken, Users } from '../../src/index.js';
import { EventLog } from '../../src/events/event-log.js';

import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let users: Users;
beforeAll(async () => {
  roster = await startRoster();
  users = roster.app.get(Users, { strict: false });
  await users.transaction((tx) => create(tx, 'taken'));
});
afterAll(() => roster.stop());

const context = () => systemContext(newTraceId());
const create = (tx: Transaction, username: string, id = uuidv7()) =>
  users.create(tx, { username, role: 'AUTHENTICATED', how: 'admin' }, context(), id);

/** What the log and the table hold of a user. */
async function kept(id: string) {
  const log = roster.app.get(EventLog, { strict: false });
  const [events, row] = await users.transaction(async (tx) => [await log.read(tx, id), await users.find(tx, id)]);
  return { events: events.map(({ type }) => type), username: row?.username };
}

describe('An embedding application that catches an error in a transaction', () => {
  it('commits no part of the change that failed, nor anything else', async () => {
    const [first, second] = [uuidv7(), uuidv7()];
    const failing = users.transaction(async (tx) => {
      await create(tx, 'before-it', first);
      await create(tx, 'taken', second).catch(() => undefined);
    });
    await expect(failing).rejects.toThrow(UsernameTaken);
    for (const id of [first, second]) expect(await kept(id)).toEqual({ events: [], username: undefined });
  });

  it('commits the rest where the change was in a nested transaction', async () => {
    const [first, second] = [uuidv7(), uuidv7()];
    await users.transaction(async (tx) => {
      await create(tx, 'outside', first);
      const nested = tx.transaction((inner) => create(inner as Transaction, 'taken', second));
      await expect(nested).rejects.toThrow(UsernameTaken);
    });
    expect(await kept(first)).toEqual({ events: ['user.created'], username: 'outside' });
    expect(await kept(second)).toEqual({ events: [], username: undefined });
  });

  it('may create the same user again after a nested transaction, with all that is known of it', async () => {
    const id = uuidv7();
    await users.transaction(async (tx) => {
      const nested = tx.transaction(async (inner) => {
        await create(inner as Transaction, 'first-try', id);
        throw new Error('of the application');
      });
      await expect(nested).rejects.toThrow('of the application');
      await expect(users.change(tx, id, () => [], context())).rejects.toThrow('not found');
      await create(tx, 'second-try', id);
      await users.change(tx, id, (state) => updateProfile(state, { nickname: 'Ada' }), context());
    });
    expect(await kept(id)).toEqual({ events: ['user.created', 'user.updated'], username: 'second-try' });
    // Under a key that was rolled back, nobody could read it.
    const log = roster.app.get(EventLog, { strict: false });
    const [made, updated] = await users.transaction((tx) => log.read(tx, id));
    expect([made?.data, updated?.data]).toMatchObject([{ username: 'second-try' }, { nickname: 'Ada' }]);
  });
});
