import type { UserEntity } from '../users/store/user.entity.js';
import type { HelpKind } from './help.dto.js';
import type { MailsFound } from './mail-facts.js';

/** What was found, before it is put into words. */
export interface Found extends MailsFound {
  readonly kind: HelpKind;
  readonly user?: UserEntity;
}
