import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { messageOf, type OutgoingMail } from '../../src/mail/delivery/mail-message.js';

const MAIL: OutgoingMail = {
  id: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071',
  to: 'ada@example.com',
  subject: 'Confirm your email address',
  html: '<p style="color: red">Hello</p>\n',
  text: 'Hello\n',
  traceId: 'a-trace',
  date: new Date('2026-11-21T09:14:00Z'),
};
const FROM = { name: 'Rostér, Inc.', address: 'no-reply@example.com' };

const made = (mail: Partial<OutgoingMail> = {}) => messageOf({ ...MAIL, ...mail }, FROM, 'roster.example.com');
const linesOf = (text: string) => text.split('\r\n');
const canonical = (text: string) => text.replace(/\r\n?|\n/g, '\r\n');

/** Of few characters, so that what matters comes often: escapes, ends of lines, blanks before them, long words. */
const TEXTS = fc
  .array(fc.constantFrom('x'.repeat(30), '=', ' ', '\t', '\n', '\r\n', '\r', 'ü', '€', '😀', '.', '--', 'word'), {
    maxLength: 60,
  })
  .map((parts) => parts.join(''));

describe('a message', () => {
  it('has what a reader shows, in both forms, and who, when and about what', async () => {
    const text = `Grüße 😀\n${'long '.repeat(50)}\n.\n--=_${MAIL.id}--\nhttps://example.com/?token=3D\n`;
    const html = `<p title="${'ü'.repeat(200)}">${text}</p>`;
    const { envelope, content } = made({ text, html, subject: 'Bestätigen Sie 😀' });
    const email = await PostalMime.parse(content);
    expect(envelope).toEqual({ from: 'no-reply@example.com', to: ['ada@example.com'] });
    expect(email).toMatchObject({
      subject: 'Bestätigen Sie 😀',
      from: FROM,
      to: [{ address: 'ada@example.com' }],
      messageId: `<${MAIL.id}@roster.example.com>`,
      date: '2026-11-21T09:14:00.000Z',
    });
    expect(canonical(email.text ?? '').trim()).toBe(canonical(text).trim());
    expect(canonical(email.html ?? '').trim()).toBe(canonical(html).trim());
    const headers = Object.fromEntries(email.headers.map(({ key, value }) => [key, value]));
    expect(headers).toMatchObject({
      'mime-version': '1.0',
      'x-trace-id': 'a-trace',
      'auto-submitted': 'auto-generated',
    });
  });

  it('says what it is to say in lines of ASCII of 76 characters at most, whatever that is', async () => {
    await fc.assert(
      fc.asyncProperty(TEXTS, async (text) => {
        const { content } = made({ text: `begin ${text} end` });
        const [, body = ''] = content.toString('latin1').split(/text\/plain.*\r\n.*quoted-printable\r\n/);
        for (const line of linesOf(body)) expect(line).toMatch(/^[\t -~]{0,75}[!-~]?$/);
        expect(canonical((await PostalMime.parse(content)).text ?? '').trim()).toBe(canonical(`begin ${text} end`));
      }),
      { numRuns: 300 },
    );
  });

  it('is the same at every try, and of lines that no mail server breaks', () => {
    const { content } = made({ to: 'zoë@exämple.com', subject: 'x'.repeat(200) });
    expect(made({ to: 'zoë@exämple.com', subject: 'x'.repeat(200) }).content.equals(content)).toBe(true);
    for (const line of linesOf(content.toString())) expect(line.length).toBeLessThanOrEqual(998);
  });

  it('adds no header and no recipient, whatever the values are', () => {
    const evil = 'x\r\nBcc: evil@example.com\r\n\r\nbody';
    const { envelope, content } = made({ subject: evil, traceId: evil, to: 'a@example.com\r\nBcc: evil@example.com' });
    const [head = ''] = content.toString().split('\r\n\r\n');
    expect(head).not.toMatch(/^Bcc:/im);
    expect(envelope.to).toHaveLength(1);
  });

  it('is not made for what is no address', () => {
    expect(() => made({ to: '' })).toThrow('not exactly one address');
  });
});
