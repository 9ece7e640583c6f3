import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

const LINK_TOKEN = /[?#]token=(\S+)/;

export interface ReceivedMail {
  /** The envelope's recipients, as SMTP named them. */
  readonly recipients: readonly string[];
  readonly email: Email;
  readonly text: string;
  readonly raw: string;
  /** When the server had it, in milliseconds. */
  readonly at: number;
}

/** A real SMTP server that keeps what it gets in memory. */
export class Inbox {
  readonly mails: ReceivedMail[] = [];
  /** Addresses that are refused, with the code of the answer. */
  readonly refusals = new Map<string, number>();
  private server: SMTPServer | undefined;
  private port = 0;

  static async start(): Promise<Inbox> {
    const inbox = new Inbox();
    await inbox.up();
    return inbox;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Listens (again), on the same port as before. */
  async up(): Promise<void> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      disableReverseLookup: true,
      // A pooled sender keeps its connection: closing does not wait for it.
      closeTimeout: 20,
      onRcptTo: ({ address }, _session, callback) => {
        const responseCode = this.refusals.get(address);
        callback(responseCode === undefined ? null : Object.assign(new Error('no such mailbox'), { responseCode }));
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const recipients = session.envelope.rcptTo.map(({ address }) => address);
          void this.keep(Buffer.concat(chunks), recipients).then(() => callback(), callback);
        });
      },
    });
    server.on('error', () => undefined);
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.server.address() as { port: number }).port;
    this.server = server;
  }

  async down(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    await new Promise<void>((resolve) => (server ? server.close(resolve) : resolve()));
  }

  to(address: string): ReceivedMail[] {
    return this.mails.filter(({ recipients }) => recipients.includes(address));
  }

  /** The `count`-th mail to this address, as soon as it is there. */
  async waitFor(address: string, count = 1, timeoutMs = 60_000): Promise<ReceivedMail> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const mail = this.to(address)[count - 1];
      if (mail) return mail;
      if (Date.now() > deadline) throw new Error(`No mail ${count} to ${address} within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The newest mail to this address with such a subject, as soon as there is one. */
  async about(address: string, subject: RegExp, timeoutMs = 60_000): Promise<ReceivedMail> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const mail = this.to(address).findLast(({ email }) => subject.test(email.subject ?? ''));
      if (mail) return mail;
      if (Date.now() > deadline) throw new Error(`No mail about ${subject} to ${address} within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** A mail with a link that came after the first `had` mails to this address, among notices that may come in any order. */
  async linkAfter(address: string, had: number, timeoutMs = 60_000): Promise<ReceivedMail> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const mail = this.to(address)
        .slice(had)
        .find(({ text }) => LINK_TOKEN.test(text));
      if (mail) return mail;
      if (Date.now() > deadline) throw new Error(`No mail with a link to ${address} within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private async keep(raw: Buffer, recipients: string[]): Promise<void> {
    const at = Date.now();
    const email = await PostalMime.parse(raw);
    this.mails.push({ recipients, email, text: email.text ?? '', raw: raw.toString(), at });
  }
}

/** The token of the link in a mail, read from its text part as a person would. */
export function tokenIn(mail: ReceivedMail): string {
  const token = LINK_TOKEN.exec(mail.text)?.[1];
  if (!token) throw new Error(`No link in this mail:\n${mail.text}`);
  return token;
}
