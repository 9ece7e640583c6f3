import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Sign-in evidence by month, counters of failures and locks, and counters of rate limits. */
export class GuardSignIns1795271000000 implements MigrationInterface {
  name = 'GuardSignIns1795271000000';

  async up(runner: QueryRunner): Promise<void> {
    // Refers to no user: a month is dropped whole, and what was tried on nobody's account is evidence, too.
    await runner.query(`
      CREATE TABLE auth_events (
        id uuid NOT NULL,
        type text NOT NULL,
        user_id uuid,
        actor_id uuid,
        actor_role text,
        session_id uuid,
        method text,
        reason text,
        what text,
        times integer NOT NULL DEFAULT 1,
        ip inet,
        user_agent text,
        trace_id text NOT NULL,
        occurred_at timestamptz(3) NOT NULL,
        last_at timestamptz(3) NOT NULL,
        minute_of bytea,
        PRIMARY KEY (occurred_at, id),
        CONSTRAINT auth_events_minute UNIQUE (occurred_at, minute_of)
      ) PARTITION BY RANGE (occurred_at)`);
    await runner.query('CREATE INDEX auth_events_of_user ON auth_events (user_id, occurred_at DESC, id DESC)');
    await runner.query('CREATE INDEX auth_events_by_actor ON auth_events (actor_id) WHERE actor_id IS NOT NULL');

    // The server need not own the schema: the function does for it what only an owner may. Its name is all that is granted.
    await runner.query(`
      CREATE FUNCTION keep_auth_event_months(retention interval) RETURNS void
      LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
      DECLARE
        month timestamp;
        name text;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('auth_events', 0));
        FOR ahead IN 0..2 LOOP
          month := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead);
          name := 'auth_events_' || to_char(month, 'YYYY_MM');
          CONTINUE WHEN to_regclass(quote_ident(name)) IS NOT NULL;
          EXECUTE format('CREATE TABLE %I PARTITION OF auth_events FOR VALUES FROM (%L) TO (%L)', name,
            month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
        END LOOP;
        FOR name IN SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
                    WHERE inhparent = 'auth_events'::regclass LOOP
          month := to_date(right(name, 7), 'YYYY_MM');
          IF (month + interval '1 month') AT TIME ZONE 'UTC' <= now() - retention THEN
            EXECUTE format('DROP TABLE %I', name);
          END IF;
        END LOOP;
      END $$`);
    await runner.query(`SELECT keep_auth_event_months(interval '100 years')`);

    await runner.query(`
      CREATE TABLE lockouts (
        subject bytea PRIMARY KEY,
        user_id uuid,
        failures integer NOT NULL,
        locks integer NOT NULL,
        locked_until timestamptz(3),
        failed_at timestamptz(3) NOT NULL,
        mails integer NOT NULL DEFAULT 0,
        mails_since timestamptz(3)
      )`);
    await runner.query('CREATE INDEX lockouts_of_user ON lockouts (user_id) WHERE user_id IS NOT NULL');
    await runner.query('CREATE INDEX lockouts_oldest ON lockouts (failed_at)');

    // The columns that rate-limiter-flexible expects. What a crash forgets was soon to expire.
    await runner.query(`
      CREATE UNLOGGED TABLE rate_limits (key varchar(255) PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint)`);
    await runner.query('CREATE INDEX rate_limits_expiry ON rate_limits (expire)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DELETE FROM one_time_tokens WHERE purpose = 'unlock'`);
    await runner.query(`DELETE FROM mails WHERE template = 'account-locked'`);
    await runner.query('UPDATE users SET locked_until = NULL WHERE locked_until IS NOT NULL');
    await runner.query('DROP TABLE rate_limits, lockouts, auth_events');
    await runner.query('DROP FUNCTION keep_auth_event_months(interval)');
  }
}
