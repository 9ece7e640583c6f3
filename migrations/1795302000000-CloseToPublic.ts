import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A right is granted, and never inherited from PUBLIC: functions, the schema and the database are closed to whoever was granted
 * nothing. Roles that hold something here already, such as those of servers that run meanwhile, of a backup or of another
 * application in this database, keep the way in.
 */
export class CloseToPublic1795302000000 implements MigrationInterface {
  name = 'CloseToPublic1795302000000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];

    // Evidence of the last month is never dropped, whoever asks. What the caller has in its search path is of no account.
    await runner.query(`
      CREATE OR REPLACE FUNCTION keep_auth_event_months(retention interval) RETURNS void
      LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = ${schema}, pg_temp SET "DateStyle" = 'ISO, MDY' SET "TimeZone" = 'UTC' AS $$
      DECLARE
        kept constant interval := greatest(retention, interval '31 days');
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
          IF (month + interval '1 month') AT TIME ZONE 'UTC' <= now() - kept THEN
            EXECUTE format('DROP TABLE %I', name);
          END IF;
        END LOOP;
      END $$`);

    await runner.query(`
      DO $$
      DECLARE
        role regrole;
        place name := current_schema();
        routine regprocedure;
      BEGIN
        -- Servers that run with a role of their own ask for it before this release grants it to them.
        FOR role IN SELECT DISTINCT grantee::regrole FROM pg_class, aclexplode(relacl)
                    WHERE oid = 'auth_events'::regclass AND grantee NOT IN (0, relowner) LOOP
          EXECUTE format('GRANT EXECUTE ON FUNCTION keep_auth_event_months(interval) TO %s', role);
        END LOOP;
        FOR routine IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = quote_ident(place)::regnamespace
                       AND proowner = quote_ident(current_user)::regrole AND ${OF_NO_EXTENSION} LOOP
          EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
        END LOOP;
        EXECUTE 'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC';

        -- The database and the schema may be another's to give.
        IF (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()) THEN
          FOR role IN ${HOLDERS} LOOP
            EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO %s', current_database(), role);
          END LOOP;
          EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
        END IF;
        IF (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = place) THEN
          FOR role IN ${HOLDERS} LOOP
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', place, role);
          END LOOP;
          FOR role IN SELECT DISTINCT relowner::regrole FROM pg_class
                      WHERE relnamespace = quote_ident(place)::regnamespace AND relowner <> quote_ident(current_user)::regrole LOOP
            EXECUTE format('GRANT CREATE ON SCHEMA %I TO %s', place, role);
          END LOOP;
          EXECUTE format('REVOKE USAGE, CREATE ON SCHEMA %I FROM PUBLIC', place);
        END IF;
      END $$`);
  }

  /** What was granted to single roles stays theirs. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$
      DECLARE
        place name := current_schema();
        routine regprocedure;
      BEGIN
        IF (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = place) THEN
          EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', place);
        END IF;
        IF (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()) THEN
          EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
        END IF;
        EXECUTE 'ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC';
        FOR routine IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = quote_ident(place)::regnamespace
                       AND proowner = quote_ident(current_user)::regrole AND ${OF_NO_EXTENSION} LOOP
          EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', routine);
        END LOOP;
      END $$`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION keep_auth_event_months(retention interval) RETURNS void
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
  }
}

const OF_NO_EXTENSION = `NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')`;

// Who owns or was granted anything in this database, is at work in it now, or was granted a look at every database.
const HOLDERS = `
  SELECT role_here.oid::regrole FROM pg_roles AS role_here
  WHERE role_here.oid >= 16384 AND NOT rolsuper AND role_here.oid <> quote_ident(current_user)::regrole AND (
    role_here.oid IN (SELECT refobjid FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass
            AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
    OR role_here.oid IN (SELECT usesysid FROM pg_stat_activity WHERE datname = current_database())
    OR role_here.oid IN (SELECT member FROM pg_auth_members WHERE roleid IN (
      SELECT oid FROM pg_roles WHERE rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_monitor', 'pg_read_all_stats'))))`;
