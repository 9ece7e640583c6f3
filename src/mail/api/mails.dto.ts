import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { PageInfo } from '../../http/pagination/page.dto.js';
import { PageLinks } from '../../http/pagination/page-links.js';

import { Link } from '../../users/api/user.response.js';
import { MAIL_STATES, type MailRow, type MailState } from '../delivery/mail-queue.js';

const text = { type: String, nullable: true } as const;
const time = { type: String, format: 'date-time', nullable: true } as const;
const id = { type: String, format: 'uuid', nullable: true, example: null } as const;

/** A mail as callers see it: its state and outcome, never its content. */
@ApiExtraModels(Link)
export class MailItem {
  @ApiProperty({ format: 'uuid', example: '019aa53e-5b0a-7e61-8f4c-1a2b3c4d5e6f' }) readonly id: string;

  @ApiProperty({ description: 'name of the mail template', example: 'verify-email' }) readonly template: string;

  @ApiProperty({
    format: 'idn-email',
    example: 'ada@example.com',
    description: '`erased@erased.invalid` where the address was erased with its owner',
  })
  readonly recipient: string;

  @ApiProperty({ enum: MAIL_STATES, enumName: 'MailState', example: 'sent' }) readonly state: MailState;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'how often it was offered to the SMTP server', example: 1 })
  readonly attempts: number;

  @ApiProperty({
    ...text,
    description: 'why the last attempt failed, or why there will be none; null for your own mails',
    example: '451 4.7.1 Greylisting in action, please come back later',
  })
  readonly reason: string | null;

  @ApiProperty({
    ...text,
    description:
      'what the SMTP server answered when it accepted the mail; most answers name its id there. Null for your own mails',
    example: '250 2.0.0 Ok: queued as 4FxZyW1kQz',
  })
  readonly answer: string | null;

  @ApiProperty({ ...time, description: 'earliest time of the next attempt; null when there is none', example: null })
  readonly nextAttemptAt: string | null;

  @ApiProperty({ ...id, description: 'the mail that it repeats' }) readonly resendOf: string | null;
  @ApiProperty({ ...id, description: 'who requested that it be sent again; null for your own mails' })
  readonly requestedBy: string | null;

  @ApiProperty({ description: 'trace id of the request that caused it', example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  readonly traceId: string;

  @ApiProperty({ format: 'date-time' }) readonly createdAt: string;
  @ApiProperty({ ...time, description: 'when the SMTP server accepted it' }) readonly sentAt: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(Link) },
    example: { resend: { href: '/mails/019aa53e-5b0a-7e61-8f4c-1a2b3c4d5e6f/resend', method: 'POST' } },
  })
  readonly _links: Readonly<Record<string, Link>>;

  /**
   * @param viewer what SMTP servers answer, and who had a mail sent again, is for staff: it may say something about the recipient's
   *   server, or about colleagues
   */
  static from(mail: MailRow, viewer: 'staff' | 'recipient'): MailItem {
    const isStaff = viewer === 'staff';
    return {
      id: mail.id,
      template: mail.template,
      recipient: mail.recipient,
      state: mail.state,
      attempts: mail.attempts,
      reason: isStaff ? mail.last_error : null,
      answer: isStaff ? mail.answer : null,
      nextAttemptAt: mail.state === 'queued' ? mail.due_at.toISOString() : null,
      resendOf: mail.resend_of,
      requestedBy: isStaff ? mail.requested_by : null,
      traceId: mail.trace_id,
      createdAt: mail.created_at.toISOString(),
      sentAt: mail.sent_at?.toISOString() ?? null,
      _links: isStaff ? { resend: { href: `/mails/${mail.id}/resend`, method: 'POST' } } : {},
    };
  }
}

export class MailsPage {
  @ApiProperty({ type: [MailItem] }) readonly items: MailItem[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}
