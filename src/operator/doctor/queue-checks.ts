import { isLate, lagOf, readSinkStatuses } from '../../relay/sink-status.js';
import { readerOf } from './database-checks.js';
import { type Finding, findingsAbout } from './finding.js';
import type { Check, Ground } from './ground.js';

/** What waits for longer than this stands. */
const STANDS_AFTER = `interval '5 minutes'`;
const about = findingsAbout('queues');

export const QUEUE_CHECKS: readonly Check[] = [
  { about: 'queues', asks: () => 'the queues', withinMs: 15_000, needsDatabase: true, run: queues },
];

async function queues(ground: Ground): Promise<readonly Finding[]> {
  if (ground.hasSchema !== true) return [];
  const reader = readerOf(ground);
  const waiting = await reader.query<Waiting[]>(WAITING);
  const standing = [...waiting.filter(({ count }) => count > 0).map(standingFinding), ...(await sinkFindings(reader))];
  return standing.length > 0
    ? standing
    : [about.ok('nothing stands: events, jobs, mails and deliveries are up to date')];
}

interface Waiting {
  readonly what: 'events' | 'jobs' | 'failed' | 'mails' | 'deliveries';
  readonly count: number;
  /** Why the last attempt failed, where that is known. */
  readonly reason: string | null;
}

const STANDING: Readonly<Record<Waiting['what'], readonly [seen: string, advice: string]>> = {
  events: [
    'events wait for their place in the feed',
    'a server has to run, with a connection of its own (DATABASE_DIRECT_URL)',
  ],
  jobs: ['jobs wait', 'a server has to run; look for "job queue" in its log'],
  failed: [
    'jobs were given up after their last attempt',
    'look for their names in the log; they stay in graphile_worker.jobs',
  ],
  mails: ['mails wait', 'a server has to run; what its mail server says stands in the lines about SMTP'],
  deliveries: ['webhook deliveries wait', "a server has to run; the console's Webhooks page shows the last answers"],
};

function standingFinding({ what, count, reason }: Waiting): Finding {
  const [seen, advice] = STANDING[what];
  const since = what === 'failed' ? '' : ' for more than five minutes';
  return about.warning(`${count} ${seen}${since}${reason === null ? '' : `; the last reason: ${reason}`}`, { advice });
}

async function sinkFindings(reader: ReturnType<typeof readerOf>): Promise<Finding[]> {
  const statuses = await readSinkStatuses(reader);
  const advice = 'npm run roster -- relay status';
  return statuses.flatMap((status) => {
    const { sink, failure, failingSince, deadLetters } = status;
    const found: Finding[] = [];
    if (failingSince !== null || isLate(status)) {
      found.push(
        about.warning(`${lagOf(status)} events wait for ${sink}${failure === null ? '' : `: ${failure}`}`, { advice }),
      );
    }
    if (deadLetters > 0) found.push(about.warning(`${sink} has refused ${deadLetters} events for good`, { advice }));
    return found;
  });
}

const WAITING = `
  SELECT 'events' AS what, count(*)::int AS count, NULL AS reason FROM event_outbox WHERE written_at < now() - ${STANDS_AFTER}
  UNION ALL SELECT 'jobs', count(*)::int, NULL FROM graphile_worker._private_jobs
    WHERE attempts < max_attempts AND locked_at IS NULL AND run_at < now() - ${STANDS_AFTER}
  UNION ALL SELECT 'failed', count(*)::int, NULL FROM graphile_worker._private_jobs WHERE attempts >= max_attempts
  UNION ALL SELECT 'mails', count(*)::int, max(last_error) FROM mails WHERE state = 'queued' AND created_at < now() - ${STANDS_AFTER}
  UNION ALL SELECT 'deliveries', count(*)::int, NULL FROM webhook_deliveries JOIN webhook_endpoints ON webhook_endpoints.id = endpoint_id
    WHERE state = 'pending' AND disabled_at IS NULL AND next_attempt_at < now() - ${STANDS_AFTER}`;
