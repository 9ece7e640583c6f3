import { createPrivateKey } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import DKIM from 'nodemailer/lib/dkim';
import { singleFlight } from '../../async/single-flight.js';
import { senderOf, smtpServerOf } from '../../config/mail-settings.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type MailMessage, messageOf, type OutgoingMail, type Sender } from './mail-message.js';
import { ServerOutage } from './server-outage.js';
import { SmtpFault } from './smtp-fault.js';
import { SmtpSession } from './smtp-session.js';

// Less than the five minutes that RFC 5321, 4.5.3.2.7 requires of servers, so that the client closes first.
const IDLE_MS = 60_000;

/** Sends mails to the SMTP server of `SMTP_URL`, over connections that are kept alive. */
@Injectable()
export class MailTransport implements OnApplicationShutdown {
  readonly outage = new ServerOutage();
  private readonly server;
  private readonly from: Sender;
  private readonly host: string;
  private readonly dkim: DKIM | undefined;
  private readonly idle = new Map<SmtpSession, NodeJS.Timeout>();
  private readonly busy = new Set<SmtpSession>();
  private readonly ending = new AbortController();

  constructor(@InjectSettings() private readonly settings: Settings) {
    const { SMTP_URL, MAIL_FROM, PRODUCT_NAME, PUBLIC_URL } = settings;
    if (SMTP_URL === undefined) throw new Error('SMTP_URL must be set before the application is created');
    this.server = smtpServerOf(SMTP_URL);
    this.from = MAIL_FROM === undefined ? { name: PRODUCT_NAME, address: 'no-reply@localhost' } : senderOf(MAIL_FROM);
    this.host = new URL(PUBLIC_URL).hostname;
    this.dkim = dkimSigner(settings);
  }

  /**
   * Returns when the server has accepted the mail.
   * @returns its answer
   * @throws SmtpFault
   */
  async send(mail: OutgoingMail): Promise<string> {
    const { envelope, content } = await this.sign(messageOf(mail, this.from, this.host));
    for (;;) {
      const { session, wasIdle } = await this.acquireSession();
      try {
        return await session.send({ ...envelope }, content);
      } catch (error) {
        // The server had closed the idle connection: it has seen nothing of the mail.
        if (wasIdle && error instanceof SmtpFault && error.isUntouched) continue;
        if (error instanceof SmtpFault && error.about === 'server') this.outage.begin();
        throw error;
      } finally {
        this.releaseSession(session);
      }
    }
  }

  /**
   * Checks whether the server would accept mail now. Keeps the connection that it needed. Checks at the same time share one, so
   * that a slow server is not sent more and more connections.
   * @throws SmtpFault
   */
  readonly check = singleFlight(() => this.checkServer());

  onApplicationShutdown(): void {
    this.close();
  }

  /** Closes all connections at once: mails that are being sent fail. */
  close(): void {
    this.ending.abort();
    for (const [session, timer] of this.idle) {
      clearTimeout(timer);
      session.quit();
    }
    this.idle.clear();
    for (const session of this.busy) session.close();
  }

  private async checkServer(): Promise<void> {
    const { session, wasIdle } = await this.acquireSession();
    try {
      if (wasIdle) await session.reset();
    } catch {
      // Perhaps only this connection is broken.
      this.releaseSession(await this.openSession());
    } finally {
      this.releaseSession(session);
    }
  }

  private async acquireSession(): Promise<{ session: SmtpSession; wasIdle: boolean }> {
    for (const [session, timer] of this.idle) {
      clearTimeout(timer);
      this.idle.delete(session);
      if (!session.isOpen) continue;
      this.busy.add(session);
      return { session, wasIdle: true };
    }
    return { session: await this.openSession(), wasIdle: false };
  }

  private async openSession(): Promise<SmtpSession> {
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

  private releaseSession(session: SmtpSession): void {
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

  private async sign({ envelope, content }: MailMessage): Promise<MailMessage> {
    return { envelope, content: this.dkim ? await buffer(this.dkim.sign(content)) : content };
  }
}

function dkimSigner({ DKIM_DOMAIN, DKIM_SELECTOR, DKIM_PRIVATE_KEY: privateKey }: Settings): DKIM | undefined {
  if (DKIM_DOMAIN === undefined || DKIM_SELECTOR === undefined || privateKey === undefined) return undefined;
  // Parsed once: from PEM it would take a third of the time of each signature.
  return new DKIM({ domainName: DKIM_DOMAIN, keySelector: DKIM_SELECTOR, privateKey: createPrivateKey(privateKey) });
}
