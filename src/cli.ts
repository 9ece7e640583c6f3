import { Command } from 'commander';
import { readEnvironment } from './config/environment.js';
import { loadSettings } from './config/settings.js';
import { migrate } from './database/migrate.js';
import { settle } from './development.js';
import { Lifetime } from './lifetime.js';
import { explainFailure } from './start-failure.js';

const lifetime = new Lifetime();
const program = new Command('roster').description(
  "Roster's operator commands. Settings come from the environment and .env.",
);

program
  .command('migrate')
  .description('bring the database schema up to date (the server does so too when it starts)')
  .action(async () => {
    const { settings } = await settle(loadSettings(readEnvironment()), lifetime, () => undefined);
    const applied = await migrate(settings.MIGRATION_DATABASE_URL ?? settings.DATABASE_URL ?? '');
    console.log(applied.length === 0 ? 'The schema is up to date.' : `Applied: ${applied.join(', ')}`);
  });

lifetime.endOnSignals();
program.parseAsync().then(
  () => lifetime.end(0),
  (error: unknown) => {
    console.error(explainFailure(error));
    return lifetime.end(1);
  },
);
