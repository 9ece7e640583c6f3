import type pg from 'pg';
import type { Key } from '../../database/keyring.js';
import { EVENT_COLUMNS } from '../../events/event-log.js';
import type { MadeUpUser } from './batch.js';
import { copyInto, type CopyValue } from '../../database/copy.js';

/** What is the same for all users of a run. */
export interface Shared {
  readonly passwordHash: string;
  readonly sessionKey: Key;
  /** By property, the columns of `users` that follow from the log. */
  readonly userColumns: readonly { readonly property: string; readonly column: string }[];
  readonly lockSubject: (userId: string) => Buffer;
  readonly sessionIdleFor: number;
  readonly sessionLastsFor: number;
}

/** Writes made-up users by COPY, each batch in one transaction: all of it is there, or nothing. */
export class BatchWriter {
  constructor(
    private readonly client: pg.Client,
    private readonly shared: Shared,
  ) {}

  async write(users: readonly MadeUpUser[]): Promise<void> {
    const { client } = this;
    await client.query('BEGIN');
    try {
      await client.query(WITHOUT_TRIGGERS);
      await this.copyUsers(users);
      await this.copyEvents(users);
      await this.copyAround(users);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  private async copyUsers(users: readonly MadeUpUser[]): Promise<void> {
    const { userColumns, passwordHash } = this.shared;
    const there = users.filter(({ row }) => row !== undefined);
    const columns = [...userColumns.map(({ column }) => column), 'locked_until', 'last_login_at'];
    const rows = there.map(({ row, signIns }) => {
      const values = row as unknown as Record<string, CopyValue>;
      return [
        ...userColumns.map(({ property }) => values[property] ?? null),
        date(signIns.lock?.until ?? null),
        date(signIns.lastAt),
      ];
    });
    await this.copy('users', columns, rows);
    const keys = users.flatMap(({ id, key }) => (key ? [[id, key.key_id, key.wrapped]] : []));
    await this.copy('user_keys', ['user_id', 'key_id', 'wrapped'], keys);
    const passwords = there.flatMap(({ id, hasPassword, row }) =>
      hasPassword && row ? [[id, passwordHash, row.createdAt]] : [],
    );
    await this.copy('password_credentials', ['user_id', 'hash', 'changed_at'], passwords);
  }

  /**
   * The events of all users in the order of their times, each with its place in the feed. Where the trigger has put them into the
   * outbox, they are taken out before any server sees them there. Sinks that have sent everything so far pass over them.
   */
  private async copyEvents(users: readonly MadeUpUser[]): Promise<void> {
    const { client } = this;
    const events = users.flatMap((user) => user.events);
    // Those of one user stay in their order: the sort is stable.
    events.sort((one, other) => one.occurred_at.getTime() - other.occurred_at.getTime());
    const before = await client.query<{ id: string }>('SELECT coalesce(max(id), 0) AS id FROM event_outbox');
    await this.copy(
      'user_events',
      EVENT_COLUMNS,
      events.map((event) => EVENT_COLUMNS.map((column) => event[column] as CopyValue)),
    );
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('positions of the events', 2))`);
    await client.query(GIVE_POSITIONS, [before.rows[0]?.id, events.map(({ id }) => id)]);
  }

  private async copyAround(users: readonly MadeUpUser[]): Promise<void> {
    await this.copyMails(users);
    const evidence = users.flatMap(({ id, signIns }) =>
      signIns.evidence.map(({ device, at, ...of }) => [
        ...[of.id, of.type, id, of.sessionId, 'password', of.reason, of.times],
        ...[device.ip, device.userAgent, of.traceId, date(at), date(at)],
      ]),
    );
    const columns =
      'id, type, user_id, session_id, method, reason, times, ip, user_agent, trace_id, occurred_at, last_at'.split(
        ', ',
      );
    await this.copy('auth_events', columns, evidence);
    await this.copySessions(users);
    const locks = users.flatMap(({ id, signIns: { lock } }) =>
      lock ? [[this.shared.lockSubject(id), id, 0, 1, date(lock.until), date(lock.at)]] : [],
    );
    await this.copy('lockouts', ['subject', 'user_id', 'failures', 'locks', 'locked_until', 'failed_at'], locks);
  }

  private async copyMails(users: readonly MadeUpUser[]): Promise<void> {
    const columns =
      'id, user_id, template, recipient, data, state, attempts, last_error, answer, trace_id, created_at, due_at, sent_at';
    const rows = users.flatMap(({ id, mails }) =>
      mails.map((mail) => [
        ...[
          mail.id,
          id,
          mail.template,
          mail.recipient,
          mail.data,
          mail.state,
          mail.attempts,
          mail.lastError,
          mail.answer,
        ],
        ...[mail.traceId, date(mail.at), date(mail.at), date(mail.sentAt)],
      ]),
    );
    await this.copy('mails', columns.split(', '), rows);
  }

  private async copySessions(users: readonly MadeUpUser[]): Promise<void> {
    const { sessionKey, sessionIdleFor, sessionLastsFor } = this.shared;
    const columns =
      'id, user_id, key_id, nonce, ip, user_agent, created_at, last_used_at, rotated_at, authenticated_at, idle_expires_at, absolute_expires_at, kind, amr';
    const rows = users.flatMap(({ id, signIns: { session } }) => {
      if (!session) return [];
      const { device, createdAt, lastUsedAt } = session;
      return [
        [
          ...[session.id, id, sessionKey.id, session.nonce, device.ip, device.userAgent],
          ...[
            createdAt,
            lastUsedAt,
            lastUsedAt,
            createdAt,
            lastUsedAt + sessionIdleFor,
            createdAt + sessionLastsFor,
          ].map(date),
          ...['BROWSER', '{pwd}'],
        ],
      ];
    });
    await this.copy('sessions', columns.split(', '), rows);
  }

  private async copy(
    table: string,
    columns: readonly string[],
    rows: readonly (readonly CopyValue[])[],
  ): Promise<void> {
    await copyInto(this.client, table, columns, rows);
  }
}

function date(time: number | null): Date | null {
  return time === null ? null : new Date(time);
}

// The keys that are referred to are there, and the outbox is passed over: without both checks, events take half the time. Only
// superusers, as in development, and roles that were granted it may do so.
const WITHOUT_TRIGGERS = `
  SELECT set_config('session_replication_role', 'replica', true)
  WHERE has_parameter_privilege('session_replication_role', 'SET')`;

const GIVE_POSITIONS = `
  WITH latest AS (SELECT coalesce(max(position), 0) AS position FROM event_positions),
  taken AS (DELETE FROM event_outbox WHERE id > $1::bigint AND event_id = ANY ($2::uuid[])),
  placed AS (
    INSERT INTO event_positions (position, event_id)
    SELECT latest.position + event.place, event.id FROM latest, unnest($2::uuid[]) WITH ORDINALITY AS event (id, place))
  UPDATE relay_cursors SET position = latest.position + cardinality($2::uuid[])
  FROM latest WHERE relay_cursors.position = latest.position`;
