import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
let person: { id: string; token: string };
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  person = await roster.join('person@example.com');
});
afterAll(() => roster.stop());

const EVIL = 'evil@example.com';
// Each once as it is; `n` keeps them apart.
const hostile = (n: string): string[] => [
  `${n}a@example.com,${EVIL}`,
  `${n}b@example.com;${EVIL}`,
  `${n}c@example.com ${EVIL}`,
  `${n}d@example.com\r\nBcc: ${EVIL}`,
  `${n}e@example.com\nRCPT TO:<${EVIL}>`,
  `${n}f@example.com%0d%0aBcc:${EVIL}`,
  `${n}g@example.com>\r\nRCPT TO:<${EVIL}`,
  `${n}h@example.com> ORCPT=rfc822;${EVIL}`,
  `${n}i@example.com>,<${EVIL}`,
  `<${EVIL}>`,
  `Ada <${EVIL}>`,
  `"${n}j@example.com,${EVIL}"@example.com`,
  `"${n}k\\" <${EVIL}>,"@example.com`,
  `${n}l(${EVIL})@example.com`,
  `(${EVIL})${n}m@example.com`,
  `@evil.example:${n}n@example.com`,
  `group:${n}o@example.com,${EVIL};`,
  `${n}p@example.com\u2028Bcc: ${EVIL}`,
  `${n}q@example.com\u0000${EVIL}`,
  `=?utf-8?q?${n}r=40example.com=2C?=${EVIL}`,
  `${n}s@example.com\uff0c${EVIL}`,
  `${n}t%${EVIL}`,
  `${n}u!${EVIL}`,
  `${n}v+${EVIL.replace('@', '=')}@example.com`,
  `${n}w'x@example.com`,
  `${n}{y}|z@example.com`,
];

const as = (token: string) => ({ authorization: `Bearer ${token}` });

/** Every way in which somebody has Roster write to an address of their choice. */
const WAYS: Record<string, (address: string) => PromiseLike<{ status: number }>> = {
  registration: (email) => roster.api.post('/auth/register').send({ email, password: PASSWORD }),
  invitation: (email) => roster.api.post('/users').set(as(admin)).send({ email }),
  contact: (value) =>
    roster.api.post(`/users/${person.id}/contacts`).set(as(person.token)).send({ kind: 'email', value }),
  'change of address': (newEmail) =>
    roster.api.put(`/users/${person.id}/email`).set(as(person.token)).send({ newEmail, currentPassword: PASSWORD }),
};

it.each(Object.entries(WAYS))(
  'a %s names one recipient and adds no header, whatever the address looks like',
  async (way, ask) => {
    const before = roster.inbox.mails.length;
    const taken: string[] = [];
    for (const address of hostile(way[0]!)) {
      const { status } = await ask(address);
      expect([200, 201, 202, 400, 409]).toContain(status);
      if (status < 300) taken.push(address.toLowerCase());
    }
    await eventually(
      async () => (await roster.database.query("SELECT FROM mails WHERE state = 'queued'")).length === 0,
    );
    const mails = roster.inbox.mails.slice(before).filter(({ recipients }) => recipients[0] !== 'person@example.com');
    // Strange ones are taken, too, or this would show nothing.
    expect(mails.length).toBeGreaterThan(1);
    for (const { recipients, email, raw } of mails) {
      expect(recipients).toHaveLength(1);
      expect(taken).toContain(recipients[0]!.toLowerCase());
      expect(email.to?.map(({ address }) => address)).toEqual(recipients);
      const head = raw.slice(0, raw.indexOf('\r\n\r\n'));
      expect(head).not.toMatch(/^(bcc|cc|rcpt)\b/im);
    }
  },
);
