import { afterAll, beforeAll, expect, describe, it } from '@jest/globals';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';
import { addTotp } from '../support/totp.js';
import { as } from '../support/two-rosters.js';
import { idsOf, type Lists, listsOf, type Query } from '../support/user-lists.js';
import { type GivenUser, insertUserRows } from '../support/user-rows.js';

let roster: Roster;
let admin: string;
let manager: string;
let list: Lists['list'];
let refused: Lists['refused'];
let walk: Lists['walk'];

beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  ({ list, refused, walk } = listsOf(roster, admin));
  const { id, token } = await roster.join('manager@example.com');
  await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
  manager = token;
});
afterAll(() => roster.stop());

const START = Date.UTC(2025, 0, 1);
const GONE = new Date(START + 86_400_000);
const SORTS = ['createdAt', '-createdAt', 'email', '-email', 'lastLoginAt', '-lastLoginAt'];

/** Rows that were created a millisecond after each other. */
const insert = (users: readonly Partial<GivenUser>[]) =>
  insertUserRows(
    roster.database,
    users.map((given, index) => ({ createdAt: new Date(START + index), ...given })),
  );

describe('filters', () => {
  const future = new Date(Date.now() + 3_600_000);
  const past = new Date(START);
  const only = async (query: Query, token = admin) =>
    (await list({ search: 'fil-', sort: 'email', ...query }, token)).items.map(({ email }) => email!.split('@')[0]);

  beforeAll(() =>
    insert([
      { email: 'fil-active@filter.example', lockedUntil: past, professional: true },
      { email: 'fil-locked@filter.example', lockedUntil: future },
      { email: 'fil-pending@filter.example', pending: true },
      { email: 'fil-suspended@filter.example', suspendedAt: past, lockedUntil: future },
      { email: 'fil-deleted@filter.example', deletedAt: GONE, suspendedAt: past },
    ]),
  );

  it('by status show whom the status is true of, and pending ones by it alone', async () => {
    expect(await only({})).toEqual(['fil-active', 'fil-locked', 'fil-suspended']);
    for (const status of ['PENDING', 'ACTIVE', 'LOCKED', 'SUSPENDED', 'DELETED']) {
      expect(await only({ status, includeDeleted: true })).toEqual([`fil-${status.toLowerCase()}`]);
      const { items } = await list({ search: 'fil-', status });
      expect(items.map((item) => item.status)).toEqual([status]);
    }
    expect(await only({ includeDeleted: true })).toEqual(['fil-active', 'fil-deleted', 'fil-locked', 'fil-suspended']);
  });

  it('show deleted users to an ADMIN alone', async () => {
    expect(await only({ includeDeleted: false }, manager)).toEqual(['fil-active', 'fil-locked', 'fil-suspended']);
    const { page } = await list({ includeDeleted: true, limit: 1 });
    await refused({ includeDeleted: true }, 403, manager);
    await refused({ status: 'DELETED' }, 403, manager);
    await refused({ status: 'DELETED', includeDeleted: false }, 403, manager);
    await refused({ includeDeleted: true, limit: 1, cursor: page.nextCursor! }, 403, manager);
    await refused({ cursor: page.nextCursor! }, 400, manager);
  });

  it('by role, profession and time of creation', async () => {
    const { items } = await list({ role: 'ADMIN' });
    expect(items).toMatchObject([{ email: ADMIN.email }]);
    expect((await list({ role: 'MANAGER' })).items).toMatchObject([{ email: 'manager@example.com' }]);
    expect(await only({ role: 'AUTHENTICATED', isProfessional: true })).toEqual(['fil-active']);
    expect(await only({ isProfessional: false })).toEqual(['fil-locked', 'fil-suspended']);
    const at = (ms: number) => new Date(START + ms).toISOString();
    expect(await only({ createdAfter: at(0) })).toEqual(['fil-locked', 'fil-suspended']);
    expect(await only({ createdBefore: at(1) })).toEqual(['fil-active']);
    expect(await only({ createdAfter: at(0), createdBefore: at(3) })).toEqual(['fil-locked']);
    expect(await only({ createdAfter: '2025-01-01T02:00:00.000+02:00' })).toEqual(['fil-locked', 'fil-suspended']);
    expect(await only({ createdBefore: '0000-01-01T00:00:00Z' })).toEqual([]);
    expect(await only({ createdAfter: '9999-12-31T23:59:59-23:59' })).toEqual([]);
  });

  it('by several statuses and roles show whom any of them is true of, registrations that wait among them', async () => {
    expect(await only({ status: 'LOCKED,SUSPENDED' })).toEqual(['fil-locked', 'fil-suspended']);
    expect(await only({ status: 'SUSPENDED,PENDING,ACTIVE' })).toEqual(['fil-active', 'fil-pending', 'fil-suspended']);
    expect(await only({ status: 'DELETED,ACTIVE' })).toEqual(['fil-active', 'fil-deleted']);
    await refused({ status: 'ACTIVE,DELETED' }, 403, manager);
    const staff = (await list({ role: 'MANAGER,ADMIN', sort: 'email' })).items.map(({ email }) => email);
    expect(staff).toEqual([ADMIN.email, 'manager@example.com']);
    expect(await only({ role: 'ADMIN,AUTHENTICATED' })).toEqual(await only({}));
  });

  it.each(SORTS)('by statuses of both lists are walked by %s, there and back', async (sort) => {
    const status = 'ACTIVE,PENDING,SUSPENDED';
    const early = { sort, status, limit: 2, createdBefore: '2025-01-01T00:00:00.005Z' };
    for (const query of [early, { ...early, search: 'filter.example' }]) {
      const there = await walk(query);
      const all = (await list({ ...query, limit: 100 })).items.map(({ id }) => id);
      expect(idsOf(there)).toEqual(all);
      const last = there.at(-1)!;
      const back = await walk({ ...query, cursor: last.page.prevCursor! }, 'prev');
      expect(idsOf([...back.reverse(), last])).toEqual(all);
    }
  });

  it('by the last sign-in leave out those who have never signed in', async () => {
    const days = [undefined, 10, 20];
    await insert(
      days.map((day) => ({
        email: `login-${day ?? 'never'}@filter.example`,
        ...(day !== undefined && { lastLoginAt: new Date(Date.UTC(2026, 0, day)) }),
      })),
    );
    const logins = async (query: Query) =>
      (await list({ search: 'login-', sort: 'lastLoginAt', ...query })).items.map(({ email }) => email!.split('@')[0]);
    expect(await logins({})).toEqual(['login-never', 'login-10', 'login-20']);
    expect(await logins({ lastLoginAfter: '2026-01-10T00:00:00Z' })).toEqual(['login-20']);
    expect(await logins({ lastLoginBefore: '2026-01-20T00:00:00Z' })).toEqual(['login-10']);
    expect(await logins({ lastLoginBefore: '0000-01-01T00:00:00Z' })).toEqual([]);
  });

  it('by the confirmation of the address', async () => {
    await insert([{ email: 'proof-yes@filter.example' }, { email: 'proof-no@filter.example' }]);
    await roster.database.query("UPDATE users SET email_verified = false WHERE email LIKE 'proof-no@%'");
    const proofs = async (emailVerified: boolean) =>
      (await list({ search: 'proof-', emailVerified })).items.map(({ email }) => email!.split('@')[0]);
    expect(await proofs(true)).toEqual(['proof-yes']);
    expect(await proofs(false)).toEqual(['proof-no']);
  });

  it('by second factors follow them as they come and go, and show a MANAGER nothing of other staff', async () => {
    const holders = async (hasSecondFactor: boolean, token = admin) =>
      (await list({ search: 'two-fa', hasSecondFactor, sort: 'email' }, token)).items.map(({ email }) => email);
    const user = await roster.join('two-fa-user@example.com');
    const staff = await roster.join('two-fa-staff@example.com');
    await roster.api.put(`/users/${staff.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    expect(await holders(true)).toEqual([]);
    await addTotp(roster, user.token);
    await addTotp(roster, staff.token);
    expect(await holders(true)).toEqual(['two-fa-staff@example.com', 'two-fa-user@example.com']);
    expect(await holders(true, manager)).toEqual(['two-fa-user@example.com']);
    expect(await holders(false, manager)).toEqual([]);
    expect(await holders(true, staff.token)).toEqual(['two-fa-staff@example.com', 'two-fa-user@example.com']);
    await roster.api.delete(`/users/${user.id}/factors`).set(as(admin)).expect(204);
    expect(await holders(true)).toEqual(['two-fa-staff@example.com']);
    expect(await holders(false)).toEqual(['two-fa-user@example.com']);
  });

  it('count exactly when asked to, over all pages', async () => {
    expect((await list({ search: 'fil-', limit: 1 })).page).not.toHaveProperty('total');
    const { page } = await list({ search: 'fil-', limit: 1, count: 'exact' });
    expect(page.total).toBe(3);
    expect((await list({ search: 'fil-', limit: 2, count: 'exact', cursor: page.nextCursor! })).page.total).toBe(3);
  });
});
