import { Injectable } from '@nestjs/common';
import { AddressThrottle } from '../auth/one-time-tokens/address-throttle.js';
import type { Transaction } from '../database/transaction.js';
import { UserMailItem } from '../mail/api/all-mails.dto.js';
import { isNotNeeded } from '../mail/delivery/mail-attempts.js';
import type { MailRow } from '../mail/delivery/mail-queue.js';
import type { UserEntity } from '../users/store/user.entity.js';
import { UserStore } from '../users/store/user-store.js';
import { type Fact, fact } from './facts.js';
import type { Viewer } from './viewer.js';

/** Mails, and what became of each. */
export interface MailsFound {
  readonly facts: readonly Fact[];
  readonly mails: readonly UserMailItem[];
}

/** The newest; older ones are in the list of mails. */
const MOST_MAILS = 10;

/** What became of mails: those of a user, to an address, or of a request. */
@Injectable()
export class MailFacts {
  constructor(
    private readonly users: UserStore,
    private readonly throttle: AddressThrottle,
  ) {}

  async ofUser(tx: Transaction, user: UserEntity, viewer: Viewer): Promise<MailsFound> {
    return this.found(tx, viewer, 'user_id = $1', user.id);
  }

  /** Also those of other users, such as of one who wants to change to this address. */
  async toAddress(tx: Transaction, address: string, viewer: Viewer): Promise<MailsFound> {
    const { facts, mails } = await this.found(tx, viewer, 'lower(recipient) = lower($1)', address);
    const until = await this.throttle.usedUpUntil(tx, address);
    return { facts: until ? [...facts, fact('mails-used-up', { until })] : facts, mails };
  }

  async ofTrace(tx: Transaction, traceId: string, viewer: Viewer): Promise<MailsFound> {
    return this.found(tx, viewer, 'trace_id = $1', traceId);
  }

  async ofId(tx: Transaction, id: string, viewer: Viewer): Promise<MailsFound & { readonly user?: UserEntity }> {
    const found = await this.found(tx, viewer, 'id = $1', id);
    if (found.mails.length === 0) return found;
    const [row] = await tx.query<{ user_id: string }[]>('SELECT user_id FROM mails WHERE id = $1', [id]);
    const user = row && (await this.users.find(tx, row.user_id));
    return viewer.sees(user) ? { ...found, user } : found;
  }

  private async found(tx: Transaction, viewer: Viewer, where: string, value: string): Promise<MailsFound> {
    const rows = await tx.query<MailRow[]>(`SELECT * FROM mails WHERE ${where} ORDER BY id DESC LIMIT ${MOST_MAILS}`, [
      value,
    ]);
    const owners = new Map(
      (await this.users.findAll(tx, [...new Set(rows.map((row) => row.user_id))])).map((one) => [one.id, one]),
    );
    const visible = rows.flatMap((row) => {
      const owner = owners.get(row.user_id);
      if (!viewer.sees(owner) || !viewer.may('mails', owner)) return [];
      return [{ row, isStaff: viewer.may('resendMail', owner) }];
    });
    const settled = new Set<string>();
    const facts = visible.flatMap(({ row, isStaff }) => {
      // A later one of the same kind has arrived, so what became of this one keeps nobody waiting.
      const kind = `${row.user_id} ${row.template}`;
      if (settled.has(kind)) return [];
      if (row.state === 'sent') settled.add(kind);
      return [factOf(row, isStaff)];
    });
    return { facts, mails: visible.map(({ row, isStaff }) => UserMailItem.of(row, isStaff ? 'staff' : 'recipient')) };
  }
}

function factOf(row: MailRow, isStaff: boolean): Fact {
  const about = { mailId: row.id, template: row.template, to: row.recipient };
  const reason = isStaff ? row.last_error : null;
  const { attempts } = row;
  if (row.state === 'sent') return fact('mail-sent', { ...about, answer: isStaff ? row.answer : null }, row.sent_at);
  if (row.state === 'queued')
    return fact('mail-waiting', { ...about, reason, attempts, nextAttempt: row.due_at }, row.created_at);
  if (isNotNeeded(row.last_error)) return fact('mail-not-needed', about, row.created_at);
  return fact('mail-failed', { ...about, reason, attempts }, row.created_at);
}
