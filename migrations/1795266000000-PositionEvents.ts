import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The outbox of the log, and the place of every event in the feed. */
export class PositionEvents1795266000000 implements MigrationInterface {
  name = 'PositionEvents1795266000000';

  async up(runner: QueryRunner): Promise<void> {
    // Until commit nobody writes an event: each gets its position below, or a row in the outbox by the trigger.
    await runner.query('LOCK TABLE user_events IN SHARE ROW EXCLUSIVE MODE');

    // Neither table refers to user_events: the key would be checked for every row, and both are filled from that table alone.
    await runner.query('CREATE TABLE event_positions (position bigint, event_id uuid)');
    // A clock that was set back must not put a later version before an earlier one: hence the latest time so far.
    await runner.query(`
      INSERT INTO event_positions (position, event_id)
      SELECT row_number() OVER (ORDER BY reached, user_id, user_version), id
      FROM (SELECT id, user_id, user_version,
              max(occurred_at) OVER (PARTITION BY user_id ORDER BY user_version) AS reached
            FROM user_events) AS event
      ORDER BY 1`);
    await runner.query(`
      ALTER TABLE event_positions ADD PRIMARY KEY (position), ALTER COLUMN event_id SET NOT NULL,
        ADD CONSTRAINT event_positions_event UNIQUE (event_id)`);
    await runner.query(`
      CREATE TRIGGER event_positions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event_positions
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_record()`);
    await runner.query('ALTER TABLE event_positions ENABLE ALWAYS TRIGGER event_positions_append_only');
    await runner.query('ANALYZE event_positions');

    await runner.query(`
      CREATE TABLE event_outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id uuid NOT NULL,
        written_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
    // A trigger, so that no writer can forget it: the release before this one, which may still run, knows no outbox.
    await runner.query(`
      CREATE FUNCTION put_event_into_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO event_outbox (event_id) VALUES (NEW.id);
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER user_events_outbox AFTER INSERT ON user_events
      FOR EACH ROW EXECUTE FUNCTION put_event_into_outbox()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER user_events_outbox ON user_events');
    await runner.query('DROP FUNCTION put_event_into_outbox()');
    await runner.query('DROP TABLE event_outbox, event_positions');
  }
}
