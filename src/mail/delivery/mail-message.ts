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

/** A mail in the form that SMTP sends. */
export interface MailMessage {
  readonly envelope: SMTPEnvelope;
  readonly content: Buffer;
}

/**
 * Encodes a mail (RFC 5322), with text and HTML alternatives (RFC 2046, 5.1.4). Headers and quoted-printable are nodemailer's work, but
 * not its composer, which uses a chain of streams for two strings in memory.
 * @param host of its Message-ID
 * @throws SmtpFault when the recipient is not exactly one address
 */
export function messageOf(mail: OutgoingMail, from: Sender, host: string): MailMessage {
  const { id, to, subject, date, traceId } = mail;
  const head = new MimeNode(false).setHeader({
    From: from,
    // As an object, so that no part of the address is parsed as a second address or a name.
    To: { name: '', address: withAsciiDomain(to) },
    Subject: subject,
    // The same at every attempt, so that duplicates can be recognised.
    'Message-ID': `<${id}@${host}>`,
    Date: date,
    'X-Trace-Id': traceId,
  });
  const { from: sender, to: recipients } = head.getEnvelope();
  if (recipients.length !== 1) {
    throw new SmtpFault('the recipient is not exactly one address', { about: 'mail', isPermanent: true });
  }
  // Occurs in no part: quoted-printable never contains `=_` (RFC 2045, 6.7).
  const boundary = `=_${id}`;
  const lines = [
    head.buildHeaders(),
    // No out-of-office replies: RFC 3834, and the header that Exchange heeds instead.
    'Auto-Submitted: auto-generated',
    'X-Auto-Response-Suppress: All',
    `X-Idempotency-Key: ${id}`,
    // Gmail groups mails of one subject into a conversation, and hides what looks repeated in it.
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

/** With the domain as an A-label (RFC 5891), for servers that know only DNS names. */
function withAsciiDomain(address: string): string {
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
