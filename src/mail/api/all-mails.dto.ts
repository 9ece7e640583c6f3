import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID, Matches } from 'class-validator';
import { PageInfo, PageQuery } from '../../http/pagination/page.dto.js';
import { PageLinks } from '../../http/pagination/page-links.js';
import { LINE } from '../../http/request/text-patterns.js';
import { MAIL_STATES, type MailRow, type MailState } from '../delivery/mail-queue.js';
import { MailItem } from './mails.dto.js';

export class AllMailsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: MAIL_STATES, enumName: 'MailState', description: 'only mails in this state' })
  @IsOptional()
  @IsIn(MAIL_STATES, { message: `must be one of ${MAIL_STATES.join(', ')}` })
  readonly state?: MailState;

  @ApiPropertyOptional({
    maxLength: 50,
    pattern: '^[a-z][a-z-]*$',
    description: 'only mails of this template',
    example: 'verify-email',
  })
  @IsOptional()
  @Matches(/^[a-z][a-z-]*$/, { message: 'must be the name of a mail template, such as verify-email' })
  readonly template?: string;

  @ApiPropertyOptional({
    maxLength: 320,
    pattern: LINE,
    description: 'only mails to this address; case is ignored',
    example: 'ada@example.com',
  })
  @IsOptional()
  @Matches(new RegExp(LINE, 'u'), { message: 'must be an email address' })
  readonly to?: string;

  @ApiPropertyOptional({ format: 'uuid', maxLength: 36, description: 'only mails of this user' })
  @IsOptional()
  @IsUUID(undefined, { message: 'must be the id of a user' })
  readonly userId?: string;
}

/** A mail in a list with those of others. */
export class UserMailItem extends MailItem {
  @ApiProperty({
    format: 'uuid',
    description: 'whose account it is about',
    example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071',
  })
  readonly userId: string;

  /** @param isDeleted the owner; nothing is sent again to somebody who is gone */
  static of(mail: MailRow, viewer: 'staff' | 'recipient', { isDeleted = false } = {}): UserMailItem {
    const { _links, ...item } = MailItem.from(mail, viewer);
    return { ...item, userId: mail.user_id, _links: isDeleted ? {} : _links };
  }
}

export class UserMailsPage {
  @ApiProperty({ type: [UserMailItem] }) readonly items: UserMailItem[];
  @ApiProperty({ type: PageInfo }) readonly page: PageInfo;
  @ApiProperty({ type: PageLinks }) readonly _links: PageLinks;
}
