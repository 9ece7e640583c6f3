import { KeyRound, Mail, PencilLine } from 'lucide-react';
import { useEffect } from 'react';
import type { User } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Skeleton } from '../components/skeleton.js';
import { EmptyState, ErrorState, RefusedState } from '../components/states.js';
import type { Tone } from '../components/badge.js';
import { Timeline, TimelineItem } from '../components/timeline.js';
import { useSentences } from '../events-in-words/use-sentences.js';
import { useWords } from '../language/language.js';
import { EntryDetails } from './entry-details.js';
import styles from './person.module.css';
import { readList, useLists } from './person-queries.js';
import { type Entry, type Kind, KINDS, mergeTimeline, timeOf } from './timeline.js';
import { words } from './words.js';

interface TimelineProps {
  readonly user: User;
  /** Those that are shown. */
  readonly kinds: readonly Kind[];
  readonly onKinds: (kinds: readonly Kind[]) => void;
  /** In the past: nothing later than this is shown. */
  readonly until?: string | undefined;
}

/** Changes, sign-ins and mails of a person in one list, the newest first. */
export function TimelineSection({ user, kinds, onKinds, until }: TimelineProps) {
  const say = useWords(words);
  const offered = KINDS.filter((kind) => LINKS[kind] in user._links);
  const isRefused = offered.length === 0;
  const chosen = offered.filter((kind) => kinds.includes(kind));
  const lists = useLists(user, chosen);
  const failed = chosen.filter((kind) => lists[kind].isError && lists[kind].data === undefined);
  const read = chosen.filter((kind) => !failed.includes(kind));
  const { entries, next } = mergeTimeline(read.map((kind) => readList(kind, lists)));
  const shown = entries.filter((entry) => until === undefined || Date.parse(timeOf(entry)) <= Date.parse(until));
  const isLoading = read.some((kind) => lists[kind].isFetching && next.includes(kind));
  const loadMore = () => {
    for (const kind of next) if (lists[kind].data !== undefined) void lists[kind].fetchNextPage();
  };

  // What is shown may lie far back, behind what is later than the point in the past.
  const isBehind = shown.length === 0 && next.length > 0 && !isLoading && failed.length === 0;
  useEffect(() => {
    if (isBehind) loadMore();
  });

  return (
    <section aria-labelledby="timeline" className={styles.timeline}>
      <div className={styles.sectionHead}>
        <h2 id="timeline" tabIndex={-1}>
          {say.sections.timeline}
        </h2>
        <Kinds offered={offered} chosen={chosen} onKinds={onKinds} />
      </div>
      {failed.map((kind) => (
        <ErrorState key={kind} error={lists[kind].error as Error} onRetry={() => void lists[kind].refetch()} />
      ))}
      <Timeline label={say.sections.timeline}>
        {shown.map((entry) => (
          <TimelineEntry key={`${entry.kind} ${entry.item.id}`} entry={entry} user={user} />
        ))}
      </Timeline>
      {isRefused ? (
        <RefusedState>
          <p>{say.timelineRefused}</p>
        </RefusedState>
      ) : isLoading || isBehind ? (
        <Skeleton rows={shown.length === 0 ? 8 : 2} />
      ) : shown.length === 0 && failed.length === 0 ? (
        <EmptyState title={say.noEntries}>
          <p>{say.noEntriesWhy}</p>
        </EmptyState>
      ) : next.length > 0 ? (
        <Button onClick={loadMore}>{say.loadMore}</Button>
      ) : (
        failed.length === 0 && <p className={styles.faint}>{say.endOfTimeline}</p>
      )}
    </section>
  );
}

const LINKS: Readonly<Record<Kind, string>> = { changes: 'history', signIns: 'signIns', mails: 'mails' };
const ICONS = { changes: PencilLine, signIns: KeyRound, mails: Mail };

interface KindsProps {
  readonly offered: readonly Kind[];
  readonly chosen: readonly Kind[];
  readonly onKinds: (kinds: readonly Kind[]) => void;
}

function Kinds({ offered, chosen, onKinds }: KindsProps) {
  const say = useWords(words);
  const toggle = (kind: Kind) => {
    const kept = offered.filter((one) => (one === kind ? !chosen.includes(one) : chosen.includes(one)));
    // Nothing at all would be no choice.
    onKinds(kept.length === 0 ? offered : kept);
  };
  return (
    <div role="group" aria-label={say.show} className={styles.kinds}>
      {offered.map((kind) => {
        const Icon = ICONS[kind];
        return (
          <button
            key={kind}
            type="button"
            className={styles.kind}
            aria-pressed={chosen.includes(kind)}
            onClick={() => toggle(kind)}
          >
            <Icon aria-hidden="true" />
            {say.kinds[kind]}
          </button>
        );
      })}
    </div>
  );
}

/** What draws the eye: what went wrong, and what staff did. */
function toneOf({ kind, item }: Entry): Tone {
  if (kind === 'mails') return ({ failed: 'bad', queued: 'warn', sent: 'neutral' } as const)[item.state];
  if (kind === 'signIns') {
    if (['account.locked', 'session.reuse_detected', 'passkey.copy_suspected'].includes(item.type)) return 'bad';
    return ['login.failed', 'link.refused'].includes(item.type) ? 'warn' : 'neutral';
  }
  return ['user.suspended', 'user.deleted', 'user.erased'].includes(item.type) ? 'bad' : 'info';
}

function TimelineEntry({ entry, user }: { readonly entry: Entry; readonly user: User }) {
  const say = useWords(words);
  const sentences = useSentences();
  const { kind, item } = entry;
  const sentence =
    kind === 'changes' ? sentences.change(item) : kind === 'signIns' ? sentences.evidence(item) : sentences.mail(item);
  const title = kind === 'signIns' && item.times > 1 ? `${sentence} · ${say.times(item.times)}` : sentence;
  return (
    <TimelineItem at={timeOf(entry)} icon={ICONS[kind]} tone={toneOf(entry)} title={title}>
      <EntryDetails entry={entry} user={user} />
    </TimelineItem>
  );
}
