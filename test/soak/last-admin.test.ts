import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Response } from 'supertest';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { soak } from '../support/soak.js';

// Two replicas, so that nothing but the database can keep the two apart.
let replicas: [Roster, Roster];

beforeAll(async () => {
  const first = await startRoster();
  const shared = { ...first.database, drop: () => Promise.resolve() };
  const second = await startRoster({ SMTP_URL: first.inbox.url }, [], shared);
  replicas = [first, second];
});
afterAll(async () => {
  await replicas[1].stop();
  await replicas[0].stop();
});

interface Admin {
  readonly roster: Roster;
  readonly id: string;
  readonly email: string;
  readonly password: string;
  token: string;
}

type Act = (by: Admin, target: Admin) => PromiseLike<Response>;

const as = ({ token }: Admin) => ({ authorization: `Bearer ${token}` });
const setRole =
  (role: string): Act =>
  (by, { id }) =>
    by.roster.api.put(`/users/${id}/role`).set(as(by)).send({ role });
const post =
  (act: string): Act =>
  (by, { id }) =>
    by.roster.api.post(`/users/${id}/${act}`).set(as(by)).send({});
const remove: Act = (by, { id }) => by.roster.api.delete(`/users/${id}`).set(as(by));

const WAYS: readonly { readonly name: string; readonly take: Act; readonly giveBack: Act }[] = [
  { name: 'demote', take: setRole('MANAGER'), giveBack: setRole('ADMIN') },
  { name: 'suspend', take: post('suspend'), giveBack: post('reinstate') },
  { name: 'delete', take: remove, giveBack: post('restore') },
];

describe('the last admin', () => {
  soak(
    'last-admin',
    'stays, however two admins demote, suspend or delete each other at the same moment',
    { rounds: 200 },
    async ({ counts: { rounds }, progress }) => {
      const admins = await twoAdmins();
      const [one, two] = admins;
      const won: Record<string, number> = {};
      const refused: Record<string, number> = {};
      const step = progress('rounds', rounds);
      for (let round = 0; round < rounds; round++) {
        const [way, otherWay] = [WAYS[round % 3]!, WAYS[Math.floor(round / 3) % 3]!];
        const answers = await Promise.all([way.take(one, two), otherWay.take(two, one)]);
        const winner = answers.findIndex(({ ok }) => ok);
        expect(answers.map(({ ok }) => ok).sort()).toEqual([false, true]);
        expect(await activeAdmins()).toEqual([admins[winner]!.id]);
        const reason = (answers[1 - winner]!.body as { code: string }).code;
        expect(['last-admin', 'forbidden', 'not-found', 'not-authenticated']).toContain(reason);
        refused[reason] = (refused[reason] ?? 0) + 1;
        const act = [way, otherWay][winner]!;
        won[act.name] = (won[act.name] ?? 0) + 1;

        expect((await act.giveBack(admins[winner]!, admins[1 - winner]!)).status).toBe(200);
        const loser = admins[1 - winner]!;
        loser.token = await loser.roster.signIn(loser.email, loser.password);
        expect(await activeAdmins()).toHaveLength(2);
        step();
      }
      const acts = Object.entries(won).map(([act, times]) => `${times} to ${act}`);
      return {
        summary: `${rounds} rounds on two replicas (won by ${acts.join(', ')}): one active admin after each.`,
        figures: { won, refused },
      };
    },
  );
});

async function twoAdmins(): Promise<[Admin, Admin]> {
  const [first, second] = replicas;
  const token = await first.signIn();
  const me = await first.api.get('/users/me').set({ authorization: `Bearer ${token}` });
  const one: Admin = { roster: first, id: (me.body as { id: string }).id, token, ...ADMIN };
  const email = 'second-admin@example.com';
  const two: Admin = { roster: second, ...(await first.join(email)), email, password: PASSWORD };
  expect((await setRole('ADMIN')(one, two)).status).toBe(200);
  return [one, two];
}

async function activeAdmins(): Promise<string[]> {
  const rows = await replicas[0].database.query<{ id: string }>(
    "SELECT id FROM users WHERE role = 'ADMIN' AND suspended_at IS NULL AND deleted_at IS NULL",
  );
  return rows.map(({ id }) => id);
}
