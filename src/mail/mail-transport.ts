import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport, type Transporter } from 'nodemailer';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';

export interface OutgoingMail {
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly messageId: string;
  readonly traceId: string;
  readonly date: Date;
}

const CONNECTION_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 30_000;

/** Speaks SMTP (RFC 5321) to the server of `SMTP_URL`. */
@Injectable()
export class MailTransport implements OnApplicationShutdown {
  private readonly transporter: Transporter;
  private readonly from: string;

  constructor(@InjectSettings() settings: Settings) {
    this.from = settings.MAIL_FROM ?? `${settings.PRODUCT_NAME} <no-reply@localhost>`;
    this.transporter = createTransport({
      url: settings.SMTP_URL,
      pool: true,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      greetingTimeout: CONNECTION_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
    } as object);
  }

  /** Returns when the server has taken the mail over. @throws what SMTP answered */
  async send({ to, traceId, ...mail }: OutgoingMail): Promise<void> {
    await this.transporter.sendMail({
      ...mail,
      from: this.from,
      // As an object, so that nothing in an address is taken for a second one or for a name.
      to: { name: '', address: to },
      // RFC 3834: no out-of-office answers.
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Trace-Id': traceId },
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  /** @throws when the server does not answer or refuses to have us */
  async verify(): Promise<void> {
    await this.transporter.verify();
  }

  onApplicationShutdown(): void {
    this.transporter.close();
  }
}

/** True when trying again is of no use: the server refused this mail for good (RFC 5321, 4.2.1). */
export function isPermanent(error: unknown): boolean {
  const { responseCode, command } = error as { responseCode?: number; command?: string };
  // A refused sign-in is our own settings' fault: the mail waits until they are right.
  return responseCode !== undefined && responseCode >= 500 && !command?.startsWith('AUTH');
}
