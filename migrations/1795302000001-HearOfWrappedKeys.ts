import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Servers that run hear when SECRET_KEY was replaced, and when a key is destroyed, as they hear of new keys. */
export class HearOfWrappedKeys1795302000001 implements MigrationInterface {
  name = 'HearOfWrappedKeys1795302000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TRIGGER keys_wrapped AFTER UPDATE OF wrapped ON keys FOR EACH ROW
      WHEN (OLD.wrapped IS DISTINCT FROM NEW.wrapped) EXECUTE FUNCTION note_revocation()`);
    await runner.query(
      'CREATE TRIGGER keys_destroyed AFTER DELETE ON keys FOR EACH ROW EXECUTE FUNCTION note_revocation()',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER keys_wrapped ON keys');
    await runner.query('DROP TRIGGER keys_destroyed ON keys');
  }
}
