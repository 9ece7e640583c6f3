import type { Command } from 'commander';
import type { OperatorContext } from './operator-context.js';

/** Adds `roster relay ...`, which needs no server. */
export function addRelayCommands(program: Command, operatorContext: () => Promise<OperatorContext>): void {
  const relay = program.command('relay').description('delivery of events to Kafka, RabbitMQ and other sinks');

  relay
    .command('status')
    .description('show the position, sender and dead letters of each sink')
    .action(async () => {
      const { relayStatus } = await import('./relay.js');
      console.log(await relayStatus(await operatorContext()));
    });

  relay
    .command('rewind')
    .description('resend events to a sink, or skip events; servers may keep running')
    .requiredOption('--sink <sink>', 'name of the sink, as shown by relay status')
    .requiredOption('--to <place>', 'the first event to send: a position, a time (ISO 8601), "beginning" or "end"')
    .action(async ({ sink, to }: { sink: string; to: string }) => {
      const { rewind, rewindReport } = await import('./relay.js');
      console.log(rewindReport(sink, await rewind(await operatorContext(), sink, to)));
    });
}
