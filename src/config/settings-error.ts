import { StartError } from './start-error.js';

/** Settings are invalid. The message lists all of them for the person who starts Roster. */
export class SettingsError extends StartError {
  override readonly name = 'SettingsError';
  constructor(readonly problems: string[]) {
    super(
      `Roster cannot start: ${problems.length === 1 ? 'a setting is' : `${problems.length} settings are`} wrong.\n` +
        problems.map((problem) => `  - ${problem}`).join('\n') +
        '\nEvery setting is explained in .env.example.',
    );
  }
}
