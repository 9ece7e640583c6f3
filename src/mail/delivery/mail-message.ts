import MimeNode from 'nodemailer/lib/mime-node';
import type { SMTPEnvelope } from 'nodemailer/lib/smtp-connection';
import { encode, wrap } from 'nodemailer/lib/qp';
import { asciiDomain } from '../../users/aggregate/identifiers.js';
import { SmtpFault } from './smtp-fault.js';

export interface OutgoingMail {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly traceId: string;
  readonly date: Date;
}

export interface Sender {
  readonly name: string;
  readonly address: string;
}

/** RFC 2045, 6.7. */
const LONGEST_LINE = 76;

/** As SMTP takes it. */
export interface MailMessage {
  readonly envelope: SMTPEnvelope;
  readonly content: Buffer;
}

/**
 * Puts a mail into the form in which it travels (RFC 5322): text and HTML, of which the reader's program shows what it can
 * (RFC 2046, 5.1.4). Headers and quoted-printable are nodemailer's work. Its composer is not asked: it takes a chain of streams for
 * two texts that are there.
 * @param host for its Message-ID
 * @throws SmtpFault when what it is to go to is not one address
 */
export function messageOf(mail: OutgoingMail, from: Sender, host: string): MailMessage {
  const { id, to, subject, date, traceId } = mail;
  const head = new MimeNode(false).setHeader({
    From: from,
    // As an object, so that nothing in an address is taken for a second one or for a name.
    To: { name: '', address: asItTravels(to) },
    Subject: subject,
    // The same at every try, so that who receives it twice can tell.
    'Message-ID': `<${id}@${host}>`,
    Date: date,
    'X-Trace-Id': traceId,
  });
  const { from: sender, to: recipients } = head.getEnvelope();
  if (recipients.length !== 1) {
    throw new SmtpFault('the address is not that of one recipient', { about: 'mail', isPermanent: true });
  }
  // Stands in no text: after quoted-printable there is no `=_` (RFC 2045, 6.7).
  const boundary = `=_${id}`;
  const lines = [
    head.buildHeaders(),
    // RFC 3834, and what Exchange heeds instead: no out-of-office answers.
    'Auto-Submitted: auto-generated',
    'X-Auto-Response-Suppress: All',
    `X-Idempotency-Key: ${id}`,
    // Gmail shows mails of one subject as one conversation, and hides in it what looks the same.
    `X-Entity-Ref-ID: ${id}`,
    'Content-Type: multipart/alternative;',
    ` boundary="${boundary}"`,
    '',
    `--${boundary}`,
    ...part('text/plain', mail.text),
    `--${boundary}`,
    ...part('text/html', mail.html),
    `--${boundary}--`,
    '',
  ];
  return { envelope: { from: sender, to: recipients }, content: Buffer.from(lines.join('\r\n')) };
}

/** With the domain as its A-label (RFC 5891): the name that DNS has, for servers that know no other. */
function asItTravels(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = asciiDomain(address.slice(at + 1));
  return at < 0 || domain === undefined ? address : `${address.slice(0, at)}@${domain}`;
}

function part(type: string, text: string): string[] {
  return [
    `Content-Type: ${type}; charset=utf-8`,
    'Content-Transfer-Encoding: quoted-printable',
    '',
    wrap(encode(text.replace(/\r\n?|\n/g, '\r\n')), LONGEST_LINE),
  ];
}
