import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Settings } from '../../config/settings.js';
import { StartError } from '../../config/start-error.js';
import { ownerAddress } from '../../database/addresses.js';
import { settleSession } from '../../database/session.js';

const SENT_WITHIN_MS = 3000;

/** Makes the months of sign-in evidence that are past and kept: a server makes those to come. */
export async function prepareMonths(settings: Settings): Promise<void> {
  await asOwner(settings, async (client) => {
    await client.query(PAST_MONTHS.replace('$1', String(Math.ceil(settings.AUTH_EVENT_RETENTION / 1000))));
  });
}

/** @throws StartError where the database has users of a run with the same choices: their addresses are taken */
export async function refuseRepeated(settings: Settings, run: string): Promise<void> {
  await asOwner(settings, async (client) => {
    const { rows } = await client.query('SELECT FROM users WHERE search LIKE $1 LIMIT 1', [`%${run}%`]);
    if (rows.length > 0) throw new StartError('These people are in the database already: choose another --random.');
  });
}

/** Waits for the events of before, such as those of the first admin, to be sent: but not for a sink that does not answer. */
export async function sendWhatWaits(settings: Settings): Promise<void> {
  await asOwner(settings, async (client) => {
    const end = performance.now() + SENT_WITHIN_MS;
    while (performance.now() < end) {
      const { rows: lagging } = await client.query(LAGS);
      const { rows: waiting } = await client.query('SELECT FROM event_outbox LIMIT 1');
      if (lagging.length + waiting.length === 0) return;
      await pause(100);
    }
    const { rows } = await client.query<{ sink: string; lag: string }>(LAGS);
    for (const { sink, lag } of rows) {
      console.error(`${sink} has ${lag} events to send, and will send those of the new users after them.`);
    }
  });
}

/** What autovacuum would do later: the planner knows the new rows, and the index that is searched is merged. */
export async function tidy(settings: Settings): Promise<void> {
  await asOwner(settings, async (client) => {
    await client.query(
      'VACUUM (ANALYZE) users, user_events, event_positions, event_outbox, mails, auth_events, sessions, password_credentials, user_keys',
    );
  });
}

async function asOwner(settings: Settings, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: ownerAddress(settings), application_name: 'roster seed' });
  await client.connect();
  try {
    await settleSession(client, { patient: true });
    await work(client);
  } finally {
    await client.end();
  }
}

const LAGS = `
  SELECT sink, latest - position AS lag
  FROM relay_cursors, (SELECT coalesce(max(position), 0) AS latest FROM event_positions) AS feed
  WHERE position < latest ORDER BY sink`;

// As `keep_auth_event_months` names and locks them.
const PAST_MONTHS = `
  DO $$
  DECLARE
    month timestamp := date_trunc('month', (now() - $1 * interval '1 second') AT TIME ZONE 'UTC');
    name text;
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('auth_events', 0));
    WHILE month < now() AT TIME ZONE 'UTC' LOOP
      name := 'auth_events_' || to_char(month, 'YYYY_MM');
      IF to_regclass(quote_ident(name)) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF auth_events FOR VALUES FROM (%L) TO (%L)', name,
          month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
      END IF;
      month := month + interval '1 month';
    END LOOP;
  END $$`;
