import { Command, InvalidArgumentError } from 'commander';
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

program
  .command('seed')
  .description('fill the database with made-up users who can sign in, for development and measurements')
  .option('--users <number>', 'how many', wholeNumber, 1000)
  .action(async ({ users }: { users: number }) => {
    const { settings } = await settle(loadSettings(readEnvironment()), lifetime, console.log);
    await migrate(settings.MIGRATION_DATABASE_URL ?? settings.DATABASE_URL ?? '');
    const { seed } = await import('./seed.js');
    await seed(settings, users, lifetime);
  });

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 to 99999999.');
  return Number(text);
}

lifetime.endOnSignals();
program.parseAsync().then(
  () => lifetime.end(0),
  (error: unknown) => {
    console.error(explainFailure(error));
    return lifetime.end(1);
  },
);
