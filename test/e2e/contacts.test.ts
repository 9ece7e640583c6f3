import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Transactions } from '../../src/database/transaction.js';
import { EventLog } from '../../src/events/event-log.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';
import { stateOf } from '../../src/users/store/user.entity.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

interface Contact {
  readonly id: string;
  readonly confirmedAt: string | null;
  readonly _links: Record<string, { href: string; method: string }>;
}

let roster: Roster;
let admin: string;
let ada: { id: string; token: string };
let count = 0;
const fresh = () => `contact${++count}@stranger.example`;

beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  ada = await roster.join('ada@example.com', { firstName: 'Ada' });
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const add = (body: object, { id, token } = ada) => roster.api.post(`/users/${id}/contacts`).set(as(token)).send(body);
const addEmail = async (value = fresh(), user = ada) =>
  (await add({ kind: 'email', value }, user).expect(201)).body as Contact;
const list = async ({ id, token } = ada) =>
  (await roster.api.get(`/users/${id}/contacts`).set(as(token)).expect(200)).body as {
    items: Contact[];
    _links: Record<string, unknown>;
  };
const remove = (contactId: string, { id, token } = ada) =>
  roster.api.delete(`/users/${id}/contacts/${contactId}`).set(as(token));
const resend = (contactId: string, { id, token } = ada) =>
  roster.api.post(`/users/${id}/contacts/${contactId}/resend-confirmation`).set(as(token));
const look = (token: string) => roster.api.get('/auth/confirm-contact').query({ token });
const confirm = (token: string) => roster.api.post('/auth/confirm-contact').send({ token });
const forgetThrottle = () => roster.database.query('DELETE FROM address_throttle');
const linkTo = async (value: string, mail = 1) => tokenIn(await roster.inbox.waitFor(value, mail));
/** Every mail that was due by now has left. */
async function mailsAreOut(): Promise<void> {
  for (let waiting = 1; waiting > 0; await new Promise((resolve) => setTimeout(resolve, 20))) {
    waiting = (await roster.database.query("SELECT 1 FROM mails WHERE state = 'queued'")).length;
  }
}

describe('an address', () => {
  it('is added, mailed, shown on a page, and confirmed by its button; identity and sign-in stay as they are', async () => {
    const before = (await roster.api.get('/users/me').set(as(ada.token))).body as { version: number };
    const value = 'Ada@work.example';
    const added = await add({ kind: 'email', value, label: 'Work' }).expect(201);
    const contact = added.body as Contact;
    expect(contact).toMatchObject({ kind: 'email', value, label: 'Work', confirmedAt: null });
    expect(added.headers).toMatchObject({ etag: `"${before.version + 2}"` });
    expect(added.headers['location']).toBe(`/users/${ada.id}/contacts/${contact.id}`);
    const seen = await roster.api
      .get(added.headers['location'] ?? '')
      .set(as(ada.token))
      .expect(200);
    expect(seen.body).toEqual(contact);
    expect(Object.keys(contact._links)).toEqual(['self', 'resendConfirmation', 'remove']);

    const mail = await roster.inbox.waitFor(value);
    expect(mail.recipients).toEqual([value]);
    expect(mail.email.subject).toBe('Confirm another email address for Roster');
    expect(mail.text).toContain('Hello Ada,');
    const token = tokenIn(mail);
    await look(token)
      .set('accept', 'application/json')
      .expect(200, /"valid":true/);
    const page = await look(token).set('accept', 'text/html').expect(200);
    expect(page.text).toContain(`<bdi>${value}</bdi>`);
    expect(page.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    expect((await list()).items).toEqual([contact]);

    const done = await roster.api.post('/auth/confirm-contact').type('form').send({ token }).expect(200);
    expect(done.text).toContain('Your email address is confirmed');
    const [now] = (await list()).items;
    const { resendConfirmation: _, ...links } = contact._links;
    expect(now).toEqual({ ...contact, confirmedAt: expect.any(String), _links: links });
    const me = await roster.api.get('/users/me').set(as(ada.token)).expect(200);
    expect(me.body).toMatchObject({ email: 'ada@example.com', version: before.version + 3 });
    await roster.api.post('/auth/login').send({ identifier: value, password: PASSWORD }).expect(401);
  });

  it('is mailed with nothing about the user but a plain first name: its reader may be a stranger', async () => {
    const named = await roster.join('mallory@example.com', { firstName: 'Win at evil.example', lastName: 'Secretly' });
    const mails = [];
    for (const user of [ada, named]) {
      const value = fresh();
      await roster.api
        .post(`/users/${user.id}/contacts`)
        .set({
          ...as(user.token),
          'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        })
        .send({ kind: 'email', value, label: 'Hidden label' })
        .expect(201);
      mails.push(await roster.inbox.waitFor(value));
      const page = await look(await linkTo(value))
        .set('accept', 'text/html')
        .expect(200);
      expect(page.text).not.toMatch(/Firefox|127\.0\.0\.1|::1|example\.com|Hidden|Secretly/);
    }
    for (const { raw, text } of mails) {
      expect(raw).not.toMatch(/Firefox|127\.0\.0\.1|::1|(ada|mallory)@example\.com|Hidden|Secretly|evil/);
      expect(text).toContain('Roster');
    }
    expect(mails[1]!.text).toContain('Hello,');
  });

  it('may be a contact of several users, and the identity of another, who all stay who they are', async () => {
    const shared = 'shared@example.com';
    const owner = await roster.join(shared);
    const bob = await roster.join('bob@example.com');
    for (const user of [ada, bob]) {
      await forgetThrottle();
      await addEmail(shared, user);
    }
    for (const mail of [2, 3]) await confirm(await linkTo(shared, mail)).expect(200);
    for (const user of [ada, bob]) {
      const found = (await list(user)).items.find(
        (contact) => (contact as unknown as { value: string }).value === shared,
      );
      expect(found?.confirmedAt).toEqual(expect.any(String));
    }
    expect(await roster.signIn(shared, PASSWORD)).toEqual(expect.any(String));
    const me = await roster.api.get('/users/me').set(as(owner.token)).expect(200);
    expect(me.body).toMatchObject({ id: owner.id, email: shared, emailVerified: true });
    const someone = 'nobody-yet@example.com';
    await addEmail(someone);
    await confirm(await linkTo(someone)).expect(200);
    await forgetThrottle();
    await roster.api.post('/auth/register').send({ email: someone, password: PASSWORD }).expect(202);
    await roster.api
      .post('/auth/verify-email')
      .send({ token: await linkTo(someone, 2) })
      .expect(200);
  });

  it('is confirmed once, however many open its link at the same moment (ASVS V6.4.1)', async () => {
    const value = fresh();
    const contact = await addEmail(value);
    const token = await linkTo(value);
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(15);
    const events = await roster.database.query(
      "SELECT 1 FROM user_events WHERE type = 'user.contact_confirmed' AND data->>'contactId' = $1",
      [contact.id],
    );
    expect(events).toHaveLength(1);
    const used = await roster.database.query(
      'SELECT 1 FROM one_time_tokens WHERE purpose = $1 AND used_at IS NOT NULL',
      [`confirm-contact:${contact.id}`],
    );
    expect(used).toHaveLength(1);
  });

  it('that is added again gets a link of its own at once, and one mail a minute', async () => {
    const value = fresh();
    const spelt = value.replace('contact', 'Contact');
    const first = await addEmail(value);
    const token = await linkTo(value);
    await remove(first.id).expect(204);
    const second = await addEmail(spelt);
    await resend(second.id).expect(202);
    await mailsAreOut();
    expect(roster.inbox.mails.filter(({ recipients }) => recipients[0]?.toLowerCase() === value)).toHaveLength(2);
    await confirm(token).expect(410);
    await forgetThrottle();
    await resend(second.id).expect(202);
    await confirm(await linkTo(spelt, 2)).expect(200);
    await forgetThrottle();
    await resend(second.id).expect(202);
    await mailsAreOut();
    expect(roster.inbox.to(spelt)).toHaveLength(2);
  });

  it('has links of its own: of several that wait each opens its own, and asking again mails it again', async () => {
    const [one, two] = [fresh(), fresh()];
    const contacts = [await addEmail(one), await addEmail(two)];
    const [tokenOne, tokenTwo] = [await linkTo(one), await linkTo(two)];
    await forgetThrottle();
    await resend(contacts[0]!.id).expect(202);
    expect(await linkTo(one, 2)).toBe(tokenOne);
    await roster.api.post('/auth/verify-email').send({ token: tokenOne }).expect(410);
    await confirm(tokenTwo).expect(200);
    await confirm(tokenOne).expect(200);
    const states = (await list()).items.filter(({ id }) => contacts.some((contact) => contact.id === id));
    expect(states.every(({ confirmedAt }) => confirmedAt !== null)).toBe(true);
  });
});

describe('a link', () => {
  it('is bound to the contact that it was made for, and to its purpose', async () => {
    const [one, two] = [fresh(), fresh()];
    const [first, second] = [await addEmail(one), await addEmail(two)];
    const token = await linkTo(one);
    await roster.database.query("UPDATE one_time_tokens SET purpose = 'gone' WHERE purpose = $1", [
      `confirm-contact:${second.id}`,
    ]);
    await roster.database.query('UPDATE one_time_tokens SET purpose = $1 WHERE purpose = $2', [
      `confirm-contact:${second.id}`,
      `confirm-contact:${first.id}`,
    ]);
    await confirm(token).expect(410);
  });

  it('is dead when its contact is removed, and while its user is suspended or deleted', async () => {
    const user = await roster.join('leaving@example.com');
    const act = (method: 'post' | 'delete', path: string, status: number) =>
      roster.api[method](`/users/${user.id}${path}`).set(as(admin)).expect(status);
    const value = fresh();
    await addEmail(value, user);
    const token = await linkTo(value);
    for (const [end, undo] of [
      [() => act('post', '/suspend', 200), () => act('post', '/reinstate', 200)],
      [() => act('delete', '', 204), () => act('post', '/restore', 200)],
    ] as const) {
      await end();
      await look(token)
        .set('accept', 'application/json')
        .expect(410, /token-expired-or-used/);
      await confirm(token).expect(410);
      await undo();
      await look(token).set('accept', 'application/json').expect(200);
    }
    const [contact] = (await list({ ...user, token: admin })).items;
    await remove(contact!.id, { ...user, token: admin }).expect(204);
    await confirm(token).expect(410);
    const rows = await roster.database.query('SELECT 1 FROM one_time_tokens WHERE purpose = $1', [
      `confirm-contact:${contact!.id}`,
    ]);
    expect(rows).toEqual([]);
  });

  it('that is no longer good shows a page that offers no mail to whoever opens it', async () => {
    for (const answer of [
      await look('nonsense').set('accept', 'text/html').expect(410),
      await roster.api.post('/auth/confirm-contact').type('form').send({ token: 'nonsense' }).expect(410),
    ]) {
      expect(answer.text).toContain('This link no longer works');
      expect(answer.text).not.toContain('<form');
    }
  });
});

describe('contacts', () => {
  it('are refused when wrong, and when they say more than a contact may', async () => {
    const before = await list();
    const phone = { kind: 'phone', value: '+4915112345678' };
    for (const body of [
      {},
      { kind: 'fax', value: '+4915112345678' },
      { kind: ['email'], value: 'a@b.example' },
      { kind: 'constructor', value: 'a@b.example' },
      { kind: 'email' },
      { kind: 'email', value: '+4915112345678' },
      { kind: 'email', value: '"a@b,c"@d.example' },
      { kind: 'email', value: ['a@b.example'] },
      { kind: 'phone', value: 'a@b.example' },
      { kind: 'phone', value: '0151 12345678' },
      { kind: 'phone', value: 4915112345678 },
      { ...phone, label: 'two\nlines' },
      { ...phone, label: 'x'.repeat(51) },
      ...['id', 'contactId', 'confirmedAt', 'addedAt', '_links'].map((field) => ({ ...phone, [field]: 'x' })),
    ]) {
      await add(body).expect(400, /validation-failed/);
    }
    expect(await list()).toEqual(before);
  });

  it('are phone numbers, too, which nothing is sent to', async () => {
    const phone = { kind: 'phone', value: '+442079460958' };
    const added = await add(phone).expect(201);
    expect(added.body).toMatchObject({ ...phone, label: null, confirmedAt: null });
    const { id } = added.body as Contact;
    await resend(id).expect(202);
    expect(await roster.database.query('SELECT 1 FROM mails WHERE recipient = $1', [phone.value])).toEqual([]);
    await add(phone).expect(409, /contact-exists/);
    await remove(id).expect(204);
    await remove(id).expect(404);
    await resend(id).expect(404);
    await roster.api
      .get(`/users/${ada.id}/contacts/${id}`)
      .set(as(ada.token))
      .expect(404, /no such contact/);
    await remove('not-an-id').expect(404);
  });

  it('are twenty at most, each once, also when two add at the same moment', async () => {
    const user = await roster.join('social@example.com');
    const value = 'twice@stranger.example';
    const twice = await Promise.all(
      [value, value.toUpperCase()].map((same) => add({ kind: 'email', value: same }, user)),
    );
    expect(twice.map(({ status }) => status).sort()).toEqual([201, 409]);
    const answers = await Promise.all(
      Array.from({ length: 22 }, (_, index) => add({ kind: 'phone', value: `+49151123456${10 + index}` }, user)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(19);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'too-many-contacts' });
    const { items, _links } = await list(user);
    expect(items).toHaveLength(20);
    expect(Object.keys(_links)).toEqual(['self']);
    await remove(items[0]!.id, user).expect(204);
    expect(Object.keys((await list(user))._links)).toEqual(['self', 'addContact']);
  });

  it('let one of two writers with the same ETag win', async () => {
    const read = await roster.api.get(`/users/${ada.id}/contacts`).set(as(ada.token)).expect(200);
    const etag = read.headers['etag'] ?? '';
    const writers = [fresh(), fresh()].map((value) => add({ kind: 'email', value }).set('if-match', etag));
    expect((await Promise.all(writers)).map(({ status }) => status).sort()).toEqual([201, 412]);
    const profile = await roster.api.get(`/users/${ada.id}`).set(as(ada.token)).expect(200);
    const { id } = (await list()).items.at(-1)!;
    await remove(id).set('if-match', etag).expect(412);
    const removed = await remove(id)
      .set('if-match', profile.headers['etag'] ?? '')
      .expect(204);
    expect(removed.headers['etag']).toBe(`"${(profile.body as { version: number }).version + 1}"`);
  });

  it('are in the row what the log says, sealed there, and absent from profile and list', async () => {
    await roster.app.get(Transactions, { strict: false }).run(async (tx) => {
      const events = await roster.app.get(EventLog, { strict: false }).read(tx, ada.id);
      const row = await roster.app.get(UserStore, { strict: false }).find(tx, ada.id);
      expect(row!.contacts.length).toBeGreaterThan(0);
      expect(stateOf(row!)).toEqual(events.reduce<UserState | undefined>(evolve, undefined));
    });
    const log = await roster.database.query('SELECT data FROM user_events');
    expect(JSON.stringify(log)).not.toMatch(/stranger|Hidden label/);
    const page = await roster.api.get('/users?limit=100').set(as(admin)).expect(200);
    expect(JSON.stringify(page.body)).not.toMatch(/stranger|"contacts":\[/);
  });
});
