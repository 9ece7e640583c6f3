import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useState } from 'react';
import type { EventResponse } from '../api/schema.js';
import { PREFIX } from '../app/base.js';
import { SESSION_KEY } from '../session/session.js';
import { EVENT_TYPES } from './event-types.js';
import { type EventFilter, filterQuery } from './use-events.js';

export type LiveState = 'connecting' | 'open' | 'cut';

/** Events that come within this time are shown together. */
const GATHER_MS = 100;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

interface Live {
  /** The position to go on from; undefined while nothing is to be followed. */
  readonly after: number | undefined;
  readonly filter: EventFilter;
  /** In the order of positions. */
  readonly onEvents: (events: readonly EventResponse[]) => void;
}

/**
 * Follows the feed as server-sent events. After a cut it goes on where it was: the browser reconnects by itself unless it was refused, and
 * then this does.
 */
export function useLiveEvents({ after, filter, onEvents }: Live): LiveState {
  const [state, setState] = useState<LiveState>('connecting');
  const client = useQueryClient();
  const take = useEffectEvent(onEvents);
  const query = new URLSearchParams(filterQuery(filter)).toString();
  // The session may have been ended together with the refusal: then the console says so.
  const askForSession = useEffectEvent(() => void client.invalidateQueries({ queryKey: SESSION_KEY }));

  useEffect(() => {
    if (after === undefined) return;
    let place = after;
    let pause = FIRST_PAUSE_MS;
    let source: EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let gathering: ReturnType<typeof setTimeout> | undefined;
    let gathered: EventResponse[] = [];

    const flush = (): void => {
      gathering = undefined;
      take(gathered);
      gathered = [];
    };
    const receive = ({ data }: MessageEvent<string>): void => {
      const event = JSON.parse(data) as EventResponse;
      place = Math.max(place, event.position);
      gathered.push(event);
      gathering ??= setTimeout(flush, GATHER_MS);
    };
    const open = (): void => {
      const stream = new EventSource(`${PREFIX}/events?${query === '' ? '' : `${query}&`}after=${place}`);
      source = stream;
      for (const type of EVENT_TYPES) stream.addEventListener(type, receive);
      stream.onopen = () => {
        pause = FIRST_PAUSE_MS;
        setState('open');
      };
      stream.onerror = () => {
        setState('cut');
        if (stream.readyState !== EventSource.CLOSED) return;
        askForSession();
        again = setTimeout(open, pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      };
    };
    open();
    return () => {
      source?.close();
      clearTimeout(again);
      clearTimeout(gathering);
      setState('connecting');
    };
  }, [after, query]);
  return state;
}
