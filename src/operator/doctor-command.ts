import type { Command } from 'commander';
import type { Settings } from '../config/settings.js';
import type { DoctorOptions } from './doctor/run.js';

interface CommandGround {
  /** Adds what a development server has made for itself. */
  readonly complete: (given: Settings) => Promise<Settings>;
  /** Ends the process with 1. */
  readonly fail: () => Promise<unknown>;
}

/** `roster doctor`, which exits with 1 if something failed; warnings do not count. */
export function addDoctorCommand(program: Command, { complete, fail }: CommandGround): void {
  program
    .command('doctor')
    .description(
      'look at settings, database, mail server, brokers, DNS and this machine, and say what is wrong and what to do; changes nothing, beside running servers or without',
    )
    .option('--mail <address>', 'also send a mail to this address')
    .option('--dns <server>', 'name server to ask instead of that of this machine, such as 9.9.9.9 or 127.0.0.1:5353')
    .option('--json', 'print one JSON object instead of lines', false)
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import('./doctor/run.js');
      const isWell = await runDoctor(options, complete);
      if (!isWell) await fail();
    });
}
