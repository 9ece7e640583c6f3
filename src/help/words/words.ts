import type { AuthEventType } from '../../auth/sign-in-evidence/auth-event.js';
import type { UserEventType } from '../../events/catalogue.js';
import type { MailTemplate } from '../../mail/notifications/mail-templates.js';
import { formatTime } from '../../rendering/formats.js';
import type { FactCode, FactValues } from '../facts.js';

/** Formats of one reader. */
export class Reader {
  constructor(private readonly locale: string) {}

  time(time: Date): string {
    return formatTime(time, this.locale);
  }

  /** "a, b and c". */
  list(items: readonly string[]): string {
    return new Intl.ListFormat(this.locale, { type: 'conjunction' }).format(items);
  }
}

/** Everything that help says, in one language. */
export interface Words {
  readonly facts: { readonly [Code in FactCode]: (values: FactValues[Code], reader: Reader) => string };
  readonly mails: Readonly<Record<MailTemplate, string>>;
  readonly changes: Readonly<Record<UserEventType, string>>;
  readonly signIns: Readonly<Record<AuthEventType, string>>;
}
