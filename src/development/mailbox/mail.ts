/** The SMTP envelope of a mail, which may differ from its headers. */
export interface Envelope {
  /** MAIL FROM; empty for the null sender. */
  readonly returnPath: string;
  /** RCPT TO, in the order given. */
  readonly to: readonly string[];
}

/** What the list shows of a mail; stored next to it, so that a start need not parse every mail. */
export interface MailSummary extends Envelope {
  /** Sorts by arrival; digits, letters and hyphens only. */
  readonly id: string;
  /** The From header for display, `Name <address>`; the return path when there is none. */
  readonly from: string;
  readonly subject: string;
  /** When the mailbox received the mail, ISO 8601; the sender's time is in the Date header. */
  readonly date: string;
}

/** One mail as `GET /api/mails/:id` returns it. */
export interface Mail extends MailSummary {
  readonly text: string | null;
  readonly html: string | null;
  readonly messageId: string | null;
  /** Lower-case name to unfolded value; a repeated header has its values on lines of their own. */
  readonly headers: Readonly<Record<string, string>>;
}

type Content = Pick<Mail, 'from' | 'subject' | 'text' | 'html' | 'messageId' | 'headers'>;

/** Parses a mail. Never throws: the source of an unreadable mail can still be viewed. */
export async function parseMail(source: Uint8Array): Promise<Content> {
  // A development dependency: production installs must be able to load everything else.
  const { default: PostalMime } = await import('postal-mime');
  try {
    const mail = await PostalMime.parse(source);
    const headers = new Map<string, string>();
    for (const { key, value } of mail.headers) {
      const earlier = headers.get(key);
      headers.set(key, earlier === undefined ? value : `${earlier}\n${value}`);
    }
    const { name, address } = mail.from ?? { name: '', address: '' };
    return {
      from: name && address ? `${name} <${address}>` : name || (address ?? ''),
      subject: mail.subject ?? '',
      text: mail.text ?? null,
      html: mail.html ?? null,
      messageId: mail.messageId ?? null,
      headers: Object.fromEntries(headers),
    };
  } catch (error) {
    const text = `This mail could not be read (${(error as Error).message}). Its source is complete.`;
    return { from: '', subject: '(unreadable mail)', text, html: null, messageId: null, headers: {} };
  }
}
