import type { CheckpointStatement } from './checkpoint-file.js';
import { describeFault } from './fault.js';
import type { Replay } from './replay.js';
import type { Verification } from './verify.js';

export function verifyReport({ faults, users, events, seconds }: Verification, limit: number): string {
  const read = `${users} users, ${events} events in ${pace(events, seconds)}`;
  if (faults.length === 0) return `Verified ${read}: every chain is intact, and every row matches the log.`;
  const ended = faults.length >= limit ? `Stopped after ${limit === 1 ? 'the first fault' : `${limit} faults`}.` : '';
  const more = limit === 1 ? ' Use --all to list more.' : '';
  return [...faults.map(describeFault), `Read ${read}. ${ended}${more}`.trim()].join('\n');
}

export function checkpointReport({ users, events, root, publicKey }: CheckpointStatement, file: string): string {
  return (
    `Wrote ${file}: ${users} users, ${events} events, root ${root}\n` +
    `Signed with Ed25519; public key ${publicKey}\n` +
    'Store it where nobody with write access to the database can change it.'
  );
}

export function replayReport(result: Replay, dryRun: boolean): string {
  const { users, events, seconds, differed, examples, unsettled, longestLockMs } = result;
  const lines = [`Replayed ${users} users, ${events} events in ${pace(events, seconds)}.`];
  if (differed === 0) lines.push('Every row matches the log.');
  else {
    lines.push(...examples.map(describeFault));
    if (differed > examples.length) lines.push(`... and ${differed - examples.length} more`);
    lines.push(
      dryRun
        ? `Rows that differed: ${differed}. Nothing was changed.`
        : `Rows that differed: ${differed}. They were repaired; writers of users waited for ${longestLockMs.toFixed(0)} ms at most.`,
    );
  }
  if (unsettled.length > 0) lines.push('Left unchanged, needs investigation:', ...unsettled.map(describeFault));
  return lines.join('\n');
}

function pace(events: number, seconds: number): string {
  return `${seconds.toFixed(1)} s (${Math.round(events / seconds)} events/s)`;
}
