import type { UserEvent } from '../../events/user-event.js';
import type { QueuedTemplate } from '../../mail/delivery/mail-queue.js';
import { describeOrigin } from '../../rendering/device.js';
import { maskedAddress } from '../../users/aggregate/account-name.js';
import type { Choices } from './choices.js';
import type { MadeUpPerson } from './made-up-people.js';
import { newId } from '../../events/new-id.js';
import type { MadeUpEvidence } from './sign-ins.js';

export interface MadeUpMail {
  readonly id: string;
  readonly template: QueuedTemplate;
  readonly recipient: string;
  readonly data: Readonly<Record<string, string | null>>;
  /** Never `queued`: nothing that is made up is sent. */
  readonly state: 'sent' | 'failed';
  readonly attempts: number;
  readonly lastError: string | null;
  readonly answer: string | null;
  readonly traceId: string;
  readonly at: number;
  readonly sentAt: number | null;
}

type Content = Pick<MadeUpMail, 'template' | 'recipient' | 'data'>;

const GREYLISTED = '451 4.7.1 Greylisting in action, please come back later';
const REFUSALS = [
  '550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table',
  '550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table',
  '552 5.2.2 The mailbox is over quota',
  '554 5.7.1 Message rejected: blocked by the policy of the recipient',
];
const BOUNCED_SHARE = 0.015;
/** Who does not confirm an address has often mistyped it. */
const BOUNCED_OF_PENDING_SHARE = 0.5;

interface Cause {
  readonly person: MadeUpPerson;
  readonly isPending: boolean;
  readonly events: readonly UserEvent[];
  readonly evidence: readonly MadeUpEvidence[];
  /** Mails from here on are kept, in milliseconds. */
  readonly keptFrom: number;
}

/** The mails that the events caused, as far as they are kept: all of them sent, or refused for good. */
export function mailsOf({ person, isPending, events, evidence, keptFrom }: Cause, choices: Choices): MadeUpMail[] {
  const mails: MadeUpMail[] = [];
  const add = (at: number, traceId: string, content: Content | undefined): void => {
    if (!content || at < keptFrom) return;
    const bounces = choices.chance(isPending ? BOUNCED_OF_PENDING_SHARE : BOUNCED_SHARE);
    const isLate = !bounces && choices.chance(0.03);
    const id = newId(at);
    mails.push({
      ...{ id, ...content, traceId, at, state: bounces ? 'failed' : 'sent', attempts: isLate ? 2 : 1 },
      lastError: bounces ? choices.pick(REFUSALS) : isLate ? GREYLISTED : null,
      answer: bounces ? null : `250 2.0.0 Ok: queued as 4${id.slice(-11).toUpperCase()}`,
      sentAt: bounces ? null : at + (isLate ? 62_000 : choices.whole(300, 2500)),
    });
  };
  let email: string | null = null;
  for (const event of events) {
    if (event.type === 'user.created') ({ email } = event.data);
    const contents = email === null ? [] : contentsFor(event, email, person);
    for (const content of contents) add(event.occurredAt.getTime(), event.traceId, content);
    if (event.type === 'user.email_changed') ({ email } = event.data);
  }
  for (const sign of evidence) add(sign.at, sign.traceId, email === null ? undefined : signInMail(sign, email));
  return mails;
}

/** After the rules of `NOTIFICATION_RULES`. */
function contentsFor(event: UserEvent, email: string, { devices: [device], workEmail }: MadeUpPerson): Content[] {
  const at = event.occurredAt.toISOString();
  const from = describeOrigin(device.userAgent, device.ip);
  const isByOthers = event.actor.kind === 'user' && event.actor.id !== event.userId;
  const mail = (template: QueuedTemplate, data: Content['data'], recipient = email): Content => ({
    ...{ template, recipient, data },
  });
  switch (event.type) {
    case 'user.verification_token.created': {
      const { purpose, contactId = null } = event.data;
      const invitedBy = event.actor.kind === 'user' ? event.actor.id : null;
      if (purpose === 'invitation') return [mail('invitation', { requestedAt: at, invitedBy })];
      if (purpose === 'confirm-contact') return [mail(purpose, { requestedAt: at, contactId }, workEmail)];
      return [mail(purpose, { requestedAt: at, requestedFrom: from })];
    }
    case 'user.password_reset.requested':
      return [mail('reset-password', { requestedAt: at, requestedFrom: from })];
    case 'user.password_changed':
    case 'user.password_reset.completed':
      return [mail('password-changed', { changedAt: at, changedFrom: from })];
    case 'user.email_change_requested': {
      const { newEmail } = event.data;
      const byAdministrator = isByOthers ? 'yes' : null;
      return [
        mail('confirm-email-change', { requestedAt: at, requestedFrom: from }, newEmail),
        mail('email-change-requested', {
          ...{ newEmail: maskedAddress(newEmail), requestedAt: at, requestedFrom: from, byAdministrator },
        }),
      ];
    }
    case 'user.email_changed':
      return [mail('email-changed', { newEmail: maskedAddress(event.data.email), changedAt: at })];
    case 'user.role_changed': {
      const { to } = event.data;
      const [isAdmin, isManager] = [to === 'ADMIN' ? 'yes' : null, to === 'MANAGER' ? 'yes' : null];
      return [mail('role-changed', { changedAt: at, isAdmin, isManager })];
    }
    case 'user.professional_status_changed':
      return [mail('professional-status-changed', { changedAt: at, isProfessional: event.data.to ? 'yes' : null })];
    case 'user.suspended':
      return [mail('account-suspended', { changedAt: at })];
    case 'user.reinstated':
      return [mail('account-reinstated', { changedAt: at })];
    case 'user.deleted':
      return [mail('account-deleted', { changedAt: at, byAdministrator: isByOthers ? 'yes' : null })];
    default:
      return [];
  }
}

function signInMail({ type, isNewDevice, at, device }: MadeUpEvidence, recipient: string): Content | undefined {
  const [time, from] = [new Date(at).toISOString(), describeOrigin(device.userAgent, device.ip)];
  if (type === 'account.locked') {
    return { template: 'account-locked', recipient, data: { requestedAt: time, requestedFrom: from } };
  }
  if (!isNewDevice) return undefined;
  return { template: 'new-sign-in', recipient, data: { signedInAt: time, signedInFrom: from } };
}
