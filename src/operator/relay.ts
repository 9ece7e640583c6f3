import type { DataSource } from 'typeorm';
import { setSinkPosition } from '../relay/rewind.js';
import { lagOf, readSinkStatuses, type SinkStatus } from '../relay/sink-status.js';
import { OperatorError } from './operator-error.js';
import type { OperatorContext } from './operator-context.js';

const LETTERS_SHOWN = 5;

interface DeadLetter {
  readonly position: string;
  readonly event_id: string;
  readonly type: string;
  readonly reason: string;
}

/** The status of every sink, and its latest dead letters. */
export async function relayStatus({ dataSource }: OperatorContext): Promise<string> {
  const sinks = await readSinkStatuses(dataSource);
  if (sinks.length === 0) return 'No sink is configured: set KAFKA_BROKERS or AMQP_URL and start the server.';
  const parts: string[] = [];
  for (const sink of sinks) {
    const letters = await dataSource.query<DeadLetter[]>(DEAD_LETTERS, [sink.sink, LETTERS_SHOWN]);
    parts.push(report(sink, letters));
  }
  return parts.join('\n\n');
}

export interface Rewind {
  readonly from: number;
  readonly to: number;
  readonly latest: number;
}

/**
 * Sets the position of a sink. The sending server notices within a second.
 * @param to the position of the first event to send, a time from which to send, `beginning` or `end`
 * @throws OperatorError if the sink is unknown, or `to` is invalid
 */
export async function rewind({ dataSource }: OperatorContext, sink: string, to: string): Promise<Rewind> {
  const [{ latest }] = await dataSource.query<[{ latest: string }]>(LATEST);
  const after = (await firstOf(dataSource, to, Number(latest))) - 1;
  const from = await setSinkPosition(dataSource, sink, after);
  if (from === undefined) {
    const known = (await readSinkStatuses(dataSource)).map((status) => status.sink);
    throw new OperatorError(
      `There is no sink ${sink}. ${known.length > 0 ? `Known sinks: ${known.join(', ')}.` : 'No sink exists yet.'}`,
    );
  }
  return { from, to: after, latest: Number(latest) };
}

export function rewindReport(sink: string, { from, to, latest }: Rewind): string {
  const next = to < latest ? `continues with event ${to + 1} of ${latest}` : 'continues with the next event';
  return `${sink} was at ${from}, and ${next}. Events that are sent again keep their ids.`;
}

async function firstOf(dataSource: DataSource, to: string, latest: number): Promise<number> {
  if (to === 'beginning') return 1;
  if (to === 'end') return latest + 1;
  if (/^\d{1,15}$/.test(to)) {
    const position = Number(to);
    if (position >= 1 && position <= latest + 1) return position;
    throw new OperatorError(`There is no position ${to}: positions range from 1 to ${latest}.`);
  }
  const time = new Date(to);
  if (!/^\d{4}-\d{2}-\d{2}/.test(to) || Number.isNaN(time.getTime())) {
    throw new OperatorError(
      `--to is a position (4711), a time (2026-11-21T18:00:00Z), "beginning" or "end"; it was ${to}.`,
    );
  }
  const [{ position }] = await dataSource.query<[{ position: string | null }]>(FIRST_SINCE, [time]);
  return position === null ? latest + 1 : Number(position);
}

function report(status: SinkStatus, letters: readonly DeadLetter[]): string {
  const { sink, position, latest, lagSeconds, eventsPerSecond, published, deadLetters, leader } = status;
  const lines = [
    sink,
    `  done          up to event ${position} of ${latest}`,
    `  waiting       ${lagOf(status)} events, the oldest for ${Math.round(lagSeconds)} s`,
    `  sent          ${published} events, ${eventsPerSecond.toFixed(1)}/s at present`,
    `  sent by       ${leader ?? 'nobody yet'}`,
    `  dead letters  ${deadLetters >= 10_000 ? '10000 or more' : deadLetters}`,
    ...letters.map(({ position: at, event_id, type, reason }) => `    ${at}  ${type}  ${event_id}  ${reason}`),
  ];
  if (status.failingSince)
    lines.push(`  FAILING       since ${status.failingSince.toISOString()}: ${status.failure ?? ''}`);
  return lines.join('\n');
}

const LATEST = 'SELECT coalesce(max(position), 0) AS latest FROM event_positions';

const FIRST_SINCE = `
  SELECT min(place.position) AS position FROM event_positions AS place JOIN user_events AS event ON event.id = place.event_id
  WHERE event.occurred_at >= $1`;

const DEAD_LETTERS = `
  SELECT letter.position, letter.event_id, event.type, letter.reason
  FROM relay_dead_letters AS letter JOIN user_events AS event ON event.id = letter.event_id
  WHERE letter.sink = $1 ORDER BY letter.position DESC LIMIT $2`;
