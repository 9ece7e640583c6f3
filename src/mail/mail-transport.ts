import { buffer } from 'node:stream/consumers';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import DKIM from 'nodemailer/lib/dkim';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { SMTPEnvelope } from 'nodemailer/lib/smtp-connection';
import { senderOf, smtpServerOf } from '../config/mail-settings.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { ServerOutage } from './server-outage.js';
import { SmtpFault } from './smtp-fault.js';
import { SmtpSession } from './smtp-session.js';

export interface OutgoingMail {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly traceId: string;
  readonly date: Date;
}

interface Composed {
  readonly envelope: SMTPEnvelope;
  readonly message: Buffer;
}

// Below the five minutes that RFC 5321, 4.5.3.2.7 asks of servers, so that it is us who hang up.
const IDLE_MS = 60_000;

/** Speaks SMTP to the server of `SMTP_URL`, over connections that are kept for the next mails. */
@Injectable()
export class MailTransport implements OnApplicationShutdown {
  readonly outage = new ServerOutage();
  private readonly server;
  private readonly from;
  private readonly host: string;
  private readonly dkim: DKIM | undefined;
  private readonly idle = new Map<SmtpSession, NodeJS.Timeout>();
  private readonly busy = new Set<SmtpSession>();
  private readonly ending = new AbortController();
  private checking: Promise<void> | undefined;

  constructor(@InjectSettings() private readonly settings: Settings) {
    const { SMTP_URL, MAIL_FROM, PRODUCT_NAME, PUBLIC_URL } = settings;
    if (SMTP_URL === undefined) throw new Error('SMTP_URL must be settled before the application is made');
    this.server = smtpServerOf(SMTP_URL);
    this.from = MAIL_FROM === undefined ? { name: PRODUCT_NAME, address: 'no-reply@localhost' } : senderOf(MAIL_FROM);
    this.host = new URL(PUBLIC_URL).hostname;
    this.dkim = signerOf(settings);
  }

  /**
   * Returns when the server has taken the mail over.
   * @returns what it answered
   * @throws SmtpFault
   */
  async send(mail: OutgoingMail): Promise<string> {
    const { envelope, message } = await this.compose(mail);
    for (;;) {
      const { session, wasIdle } = await this.session();
      try {
        return await session.send({ ...envelope }, message);
      } catch (error) {
        // A connection that the server gave up while it was idle: nobody has seen anything of the mail.
        if (wasIdle && error instanceof SmtpFault && error.isUntouched) continue;
        if (error instanceof SmtpFault && error.about === 'server') this.outage.begin();
        throw error;
      } finally {
        this.giveBack(session);
      }
    }
  }

  /** Whether the server would take mails now. Keeps the connection that it needed. @throws SmtpFault */
  async check(): Promise<void> {
    // Whoever asks often while the server keeps us waiting does not open more and more connections.
    this.checking ??= this.tryServer().finally(() => (this.checking = undefined));
    return this.checking;
  }

  onApplicationShutdown(): void {
    this.close();
  }

  /** At once: a mail under way fails. */
  close(): void {
    this.ending.abort();
    for (const [session, timer] of this.idle) {
      clearTimeout(timer);
      session.quit();
    }
    this.idle.clear();
    for (const session of this.busy) session.close();
  }

  private async tryServer(): Promise<void> {
    const { session, wasIdle } = await this.session();
    try {
      if (wasIdle) await session.reset();
    } catch {
      // It may be this one connection only.
      this.giveBack(await this.open());
    } finally {
      this.giveBack(session);
    }
  }

  private async session(): Promise<{ session: SmtpSession; wasIdle: boolean }> {
    for (const [session, timer] of this.idle) {
      clearTimeout(timer);
      this.idle.delete(session);
      if (!session.isOpen) continue;
      this.busy.add(session);
      return { session, wasIdle: true };
    }
    return { session: await this.open(), wasIdle: false };
  }

  private async open(): Promise<SmtpSession> {
    try {
      const session = await SmtpSession.open(this.server, this.ending.signal);
      this.outage.end();
      this.busy.add(session);
      return session;
    } catch (error) {
      this.outage.begin();
      throw error;
    }
  }

  private giveBack(session: SmtpSession): void {
    if (!this.busy.delete(session)) return;
    if (!session.isOpen || this.idle.size >= this.settings.SMTP_CONNECTIONS) {
      session.quit();
      return;
    }
    const timer = setTimeout(() => {
      this.idle.delete(session);
      session.quit();
    }, IDLE_MS);
    timer.unref();
    this.idle.set(session, timer);
  }

  private async compose({ id, to, subject, html, text, traceId, date }: OutgoingMail): Promise<Composed> {
    const mail = new MailComposer({
      from: this.from,
      // As an object, so that nothing in an address is taken for a second one or for a name.
      to: { name: '', address: to },
      subject,
      html,
      text,
      // The same at every try, so that who receives it twice can tell.
      messageId: `<${id}@${this.host}>`,
      date,
      headers: {
        // RFC 3834, and what Exchange heeds instead: no out-of-office answers.
        'Auto-Submitted': 'auto-generated',
        'X-Auto-Response-Suppress': 'All',
        'X-Idempotency-Key': id,
        // Gmail shows mails of one subject as one conversation, and hides in it what looks the same.
        'X-Entity-Ref-ID': id,
        'X-Trace-Id': traceId,
      },
      disableFileAccess: true,
      disableUrlAccess: true,
    }).compile();
    const { from, to: recipients } = mail.getEnvelope();
    if (recipients.length !== 1) {
      throw new SmtpFault('the address is not that of one recipient', { about: 'mail', isPermanent: true });
    }
    const message = await mail.build();
    return { envelope: { from, to: recipients }, message: this.dkim ? await buffer(this.dkim.sign(message)) : message };
  }
}

function signerOf({ DKIM_DOMAIN, DKIM_SELECTOR, DKIM_PRIVATE_KEY, DKIM_PRIVATE_KEY_FILE }: Settings): DKIM | undefined {
  const privateKey = DKIM_PRIVATE_KEY ?? DKIM_PRIVATE_KEY_FILE;
  if (DKIM_DOMAIN === undefined || DKIM_SELECTOR === undefined || privateKey === undefined) return undefined;
  return new DKIM({ domainName: DKIM_DOMAIN, keySelector: DKIM_SELECTOR, privateKey });
}
